#!/bin/sh
# Installs an edge agent on this machine: ./install.sh ARCHIVE [PREFIX]
#   ARCHIVE   .tar.gz of a release: dist, node_modules, package.json, edge-agent/core/profile (deploy/docker builds the same files)
#   PREFIX    root of another system, for images and tests; nothing is enabled or made an owner of then
# Run again with another archive it upgrades: the old release stays beside the new one, and `ln -sfn` back is the rollback.
set -eu

archive=${1:?usage: install.sh ARCHIVE [PREFIX]}
prefix=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
releases=$prefix/opt/millrace-releases
current=$prefix/opt/millrace

[ -r "$archive" ] || { echo "install.sh: cannot read $archive" >&2; exit 1; }
command -v node >/dev/null 2>&1 || { echo "install.sh: node is not installed: 20.19 or newer is needed" >&2; exit 1; }

name=$(sha256sum "$archive" | cut -c1-16)
if [ ! -d "$releases/$name" ]; then
  # Whole or not at all: a power cut while unpacking leaves a folder that nothing points to.
  mkdir -p "$releases"
  work=$(mktemp -d "$releases/.work-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  tar -xzf "$archive" -C "$work"
  [ -f "$work/dist/edge-agent/main.js" ] || { echo "install.sh: $archive holds no agent" >&2; exit 1; }
  chmod 755 "$work"
  mv "$work" "$releases/$name"
  trap - EXIT
fi

mkdir -p "$prefix/etc/millrace" "$prefix/etc/systemd/system"
[ -f "$prefix/etc/millrace/agent.env" ] || cat > "$prefix/etc/millrace/agent.env" <<'ENV'
KAFKA_BROKERS=broker.example.org:9093
SCHEMA_REGISTRY_URL=https://registry.example.org
KAFKA_SSL_CA_FILE=/etc/millrace/kafka-ca.crt
HEALTH_PORT=9090
# Releases by campaign (model "agent"): public keys of who signs them into update-keys.pem, and where the images are.
#AGENT_RELEASE_TOOL=/opt/millrace-release
#AGENT_UPDATE_KEYS=/etc/millrace/update-keys.pem
#AGENT_IMAGES_URL=https://millrace.example.org/api/v1/images
#AGENT_IMAGES_TOKEN_FILE=/etc/millrace/images-token
ENV
chmod 640 "$prefix/etc/millrace/agent.env"
cp "$here/millrace-agent.service" "$prefix/etc/systemd/system/millrace-agent.service"
# Outside of all releases, and root's: it puts them in force, and back.
cp "$here/millrace-release" "$prefix/opt/millrace-release.new"
chmod 755 "$prefix/opt/millrace-release.new"
mv "$prefix/opt/millrace-release.new" "$prefix/opt/millrace-release"

if [ -z "$prefix" ]; then
  id millrace >/dev/null 2>&1 || useradd --system --home-dir /var/lib/millrace --shell /usr/sbin/nologin millrace
  chown -R root:millrace /etc/millrace
fi

# The switch is one rename. What was put in by hand is not on trial.
rm -f "$releases/trial"
ln -sfn "millrace-releases/$name" "$current.new"
mv -T "$current.new" "$current"

if [ -z "$prefix" ]; then
  systemctl daemon-reload
  systemctl enable millrace-agent
  if [ -f /etc/millrace/profile.yaml ]; then
    systemctl restart millrace-agent
  else
    echo "put your profile into /etc/millrace/profile.yaml, then: systemctl start millrace-agent"
  fi
fi
echo "installed $name"
