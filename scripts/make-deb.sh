#!/usr/bin/env bash
# Makes buting_VERSION_ARCH.deb: make-deb.sh [program [folder]], of target/release/buting in target/ unless told.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-target/release/buting}
folder=${2:-target}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
arch=$(dpkg --print-architecture)
tree=$folder/deb/buting_${version}_$arch
rm -rf "$tree"

install -D -m 0755 "$program" "$tree/usr/bin/buting"
install -D -m 0644 packaging/buting.service "$tree/usr/lib/systemd/system/buting.service"
install -D -m 0644 packaging/sysusers.conf "$tree/usr/lib/sysusers.d/buting.conf"
install -D -m 0640 packaging/buting.toml "$tree/etc/buting/buting.toml"
doc=$tree/usr/share/doc/buting
mkdir -p "$doc"
cp README.md README.zh-CN.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE THIRD-PARTY.md "$doc/"
cp -r docs/src "$doc/book"
printf 'Buting is licensed under MIT or Apache-2.0, as you choose; see LICENSE-MIT and LICENSE-APACHE.\nData of others in it: THIRD-PARTY.md.\n' > "$doc/copyright"

mkdir -p "$tree/DEBIAN"
install -m 0755 packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm "$tree/DEBIAN/"
echo /etc/buting/buting.toml > "$tree/DEBIAN/conffiles"
cat > "$tree/DEBIAN/control" <<CONTROL
Package: buting
Version: $version
Architecture: $arch
Maintainer: The Buting developers <buting@localhost>
Installed-Size: $(du -ks "$tree/usr" | cut -f 1)
Depends: libc6 (>= 2.36), systemd
Recommends: nginx | caddy, fonts-noto-cjk
Suggests: postgresql
Section: web
Priority: optional
Description: keeps a committee's enterprises going
 Register of enterprises, who answers for whom, visits, needs and difficulties
 with explained deadlines, the lights of production, works and transport, and
 a ledger that nobody alters unseen.
CONTROL
(cd "$tree" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
dpkg-deb --root-owner-group --build "$tree" "$folder/" >/dev/null
echo "$folder/buting_${version}_$arch.deb"
