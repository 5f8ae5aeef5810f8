#!/usr/bin/env bash
# An object goes past the gateway: encrypted with a data key of its own, put to the backends with curl, then registered with
# the wrapped key; a replication to a further backend ($REPLICATE_TO) is asked for with it.
source "$(dirname "$0")/common.sh"
: "${REPLICATE_TO:?id of a further backend}"

say 'the customer encrypts the report under a new data key, and wraps that key for itself (RSA-OAEP)'
make_keys
make_bucket "${BUCKET:=walk-direct}"
KEY='reports/2024-Q4.pdf'
head -c 300000 /dev/urandom >"$WORK/report"
openssl rand -hex 32 >"$WORK/data.key"
openssl enc -aes-256-ctr -pbkdf2 -salt -pass "file:$WORK/data.key" -in "$WORK/report" -out "$WORK/report.enc"
oaep=(-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256)
openssl pkeyutl -encrypt -certin -inkey "$WORK/customer.pem" "${oaep[@]}" -in "$WORK/data.key" -out "$WORK/data.key.wrapped"
openssl base64 -A -in "$WORK/data.key.wrapped" -out "$WORK/data.key.b64"

say 'the gateway says where to put it'
wanted=$(jq -n --arg tenant "$TENANT" --arg bucket "$BUCKET" --arg key "$KEY" \
  --argjson bytes "$(stat -c %s "$WORK/report.enc")" --arg sha256 "$(sha256 "$WORK/report.enc")" '$ARGS.named')
tenant_json POST /proxy/objects/plan "$wanted" >"$WORK/plan.json"
jq -r '.targets[] | "\(.backend)  \(.physical_bucket)  \(.physical_key)"' "$WORK/plan.json"

say 'curl puts it there, with no key of anybody'
for i in $(jq -r '.targets | keys[]' "$WORK/plan.json"); do
  jq -r ".targets[$i].upload.headers | to_entries[] | \"\(.key): \(.value)\"" "$WORK/plan.json" >"$WORK/put.headers"
  curl -sS --fail-with-body -T "$WORK/report.enc" -H "@$WORK/put.headers" -H 'Expect:' -D "$WORK/put.$i" \
    "$(jq -r ".targets[$i].upload.url" "$WORK/plan.json")"
  tr -d '\r"' <"$WORK/put.$i" | awk -v id="$(jq -r ".targets[$i].backend" "$WORK/plan.json")" \
    -v url="$(jq -r ".targets[$i].url" "$WORK/plan.json")" 'tolower($1) == "etag:" { print id, url, $2 }' >>"$WORK/etags"
done

say 'the customer registers it: where it is, under which key, and where else it is to go'
backends=$(jq -nR '[inputs | split(" ") | {(.[0]): {url: .[1], etag: .[2]}}] | add' <"$WORK/etags")
registration=$(jq -n --arg object_key "$TENANT/$BUCKET/$KEY" --arg plan "$(jq -r .plan "$WORK/plan.json")" \
  --arg version v1 --argjson backends "$backends" --rawfile encrypted_key "$WORK/data.key.b64" \
  --arg key_id customer42-k1 --arg key_alg rsa-oaep --arg encryption_alg aes-256-ctr \
  --argjson targets "$(jq -n --arg id "$REPLICATE_TO" '[$id]')" '$ARGS.named')
tenant_json POST /proxy/objects "$registration" >"$WORK/registered.json"
jq -r '"version \(.version_id), verdict \(.verdict), verified on \(.verified_on | join(", "))"' "$WORK/registered.json"

say 'a worker makes the further copy'
job=$(jq -r .job "$WORK/registered.json")
for _ in $(seq 600); do
  state=$(tenant_get "/proxy/jobs/$job" | jq -r .state)
  [ "$state" = waiting ] || [ "$state" = active ] || break
  sleep 0.1
done
[ "$state" = done ] || die "the replication is $state"

say 'the metadata has everything the customer needs to come back: places, and the wrapped key'
tenant_get "/proxy/objects/$TENANT/$BUCKET" | jq --arg key "$KEY" '.items[] | select(.object_key == $key)' >"$WORK/listed.json"
jq -r '.backends | to_entries[] | "\(.key)  \(.value.url)  \(.value.state)"' "$WORK/listed.json"
[ "$(jq -r --arg id "$REPLICATE_TO" '.backends[$id].state' "$WORK/listed.json")" = stored ] || die 'the copy is not listed'
jq -r .encrypted_key "$WORK/listed.json" | openssl base64 -d -A -out "$WORK/unwrap"
openssl pkeyutl -decrypt -inkey "$WORK/customer.key" "${oaep[@]}" -in "$WORK/unwrap" -out "$WORK/opened.key"
signed "$S3/$BUCKET/$KEY" --fail-with-body -o "$WORK/read.enc"
openssl enc -d -aes-256-ctr -pbkdf2 -pass "file:$WORK/opened.key" -in "$WORK/read.enc" -out "$WORK/read"
cmp "$WORK/report" "$WORK/read"
say done
