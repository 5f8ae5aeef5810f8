#!/usr/bin/env bash
# An object goes through the gateway: encrypted by its customer, written to several backends, acknowledged by quorum.
source "$(dirname "$0")/common.sh"

say 'the customer encrypts a report for itself (CMS, AES-256)'
make_keys
make_bucket "${BUCKET:=walk-inline}"
head -c 300000 /dev/urandom >"$WORK/report"
openssl cms -encrypt -aes-256-cbc -binary -outform DER -in "$WORK/report" -out "$WORK/report.cms" "$WORK/customer.pem"

say 'what is not encrypted is refused'
code=$(BODY=$WORK/report signed "$CONTROL/objects/$BUCKET/report" -T "$WORK/report" -o "$WORK/answer" -w '%{http_code}')
[ "$code" = 403 ] || die "plaintext was answered with $code"
[ "$(jq -r .code "$WORK/answer")" = EncryptionRequired ] || die "plaintext was refused for another reason"

say 'the encrypted report is stored, and acknowledged once enough backends hold a verified copy'
BODY=$WORK/report.cms signed "$CONTROL/objects/$BUCKET/report" --fail-with-body -T "$WORK/report.cms" -D "$WORK/headers"
acked=$(tr -d '\r' <"$WORK/headers" | awk 'tolower($1) == "x-sealgate-acked-by:" { print $2 $3 $4 }')
printf 'acknowledged by %s\n' "$acked"
[ "$(tr ',' '\n' <<<"$acked" | grep -c .)" -ge 2 ] || die 'fewer than two copies were acknowledged'

say 'it reads back over REST and over S3, and only the customer can open it'
signed "$CONTROL/objects/$BUCKET/report" --fail-with-body -o "$WORK/rest.cms"
signed "$S3/$BUCKET/report" --fail-with-body -o "$WORK/s3.cms"
for copy in rest s3; do
  openssl cms -decrypt -binary -inform DER -in "$WORK/$copy.cms" -inkey "$WORK/customer.key" -out "$WORK/$copy"
  cmp "$WORK/report" "$WORK/$copy"
done

say 'where its copies are'
operator GET "/admin/stat/$TENANT/$BUCKET?key=report" | jq -r '.blobs[].replicas[] | "\(.backend) \(.country) \(.state)"'
say done
