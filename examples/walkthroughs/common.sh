# What both walk-throughs share. Needs curl 7.88 or later, openssl 3 and jq; nothing of Sealgate.
set -euo pipefail

: "${CONTROL:?address of the control listener}" "${S3:?address of the S3 listener}" "${REGION:?region of the gateway}"
: "${TENANT:?name of the tenant}" "${ACCESS_KEY:?}" "${SECRET_KEY:?}" "${ADMIN_KEY:?the operator key}"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

say() { printf '== %s\n' "$*"; }
die() { printf 'walk-through: %s\n' "$*" >&2; exit 1; }

# The operator: registers policies and buckets.
operator() { # METHOD PATH [JSON]
  curl -sS --fail-with-body -X "$1" "$CONTROL$2" -H "X-Admin-Key: $ADMIN_KEY" \
    ${3:+-H 'content-type: application/json' --data-binary "$3"}
}

sha256() { openssl dgst -sha256 -r "$1" | cut -d' ' -f1; }

# The tenant, by its access key (Signature Version 4).
signed() { # URL CURL-OPTIONS...; the body is in $BODY, a file
  local digest url=$1
  shift
  digest=$(sha256 "${BODY:-/dev/null}")
  curl -sS "$url" --aws-sigv4 "aws:amz:$REGION:s3" -u "$ACCESS_KEY:$SECRET_KEY" -H "x-amz-content-sha256: $digest" "$@"
}
tenant_json() { # METHOD PATH JSON
  printf '%s' "$3" >"$WORK/body.json"
  BODY=$WORK/body.json signed "$CONTROL$2" --fail-with-body -X "$1" -H 'content-type: application/json' \
    --data-binary "@$WORK/body.json"
}
tenant_get() { signed "$CONTROL$1" --fail-with-body; } # PATH

# The bucket takes nothing that is not encrypted, and keeps it in the EU.
make_bucket() { # NAME
  operator PUT /admin/policies/encrypted-by-openssl \
    "$(jq -n --rawfile document "$HERE/../policies/encrypted-by-openssl.yaml" '{$document}')" >/dev/null
  operator POST "/admin/tenants/$TENANT/buckets" \
    "$(jq -n --arg name "$1" '{$name, encryption: "required", policy: "encrypted-by-openssl"}')" >/dev/null
}

# The customer's key pair; its private half never leaves the customer.
make_keys() {
  openssl req -x509 -newkey rsa:3072 -nodes -subj /CN=customer42 -keyout "$WORK/customer.key" -out "$WORK/customer.pem" 2>/dev/null
}
