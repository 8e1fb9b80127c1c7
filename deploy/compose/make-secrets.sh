#!/bin/sh
# Makes the files that compose.yaml names. Files that are there already stay as they are.
set -eu
cd "$(dirname "$0")/secrets"

# The containers' users read the files; on this machine nobody but their owner gets at them.
chmod 700 .
umask 022

make() {
  [ -s "$1" ] || node -p "crypto.randomBytes(32).toString('$2')" > "$1"
}

make master-key base64
make admin-token base64url
make warehouse-sync base64url
make postgres-password base64url
[ -s database-url ] ||
  echo "postgres://mintkeeper:$(cat postgres-password)@postgres/mintkeeper" > database-url
