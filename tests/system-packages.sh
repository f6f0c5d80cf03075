#!/usr/bin/env bash
# Installs what the tests need beyond Python: a browser, PostgreSQL's binaries, ps. Where this is no
# Debian, or not root, it says what is missing, and the tests that need it skip and say so too.
set -euo pipefail
missing=()
command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null || [ -d '/Applications/Google Chrome.app' ] || missing+=(chromium-headless-shell)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || compgen -G '/opt/homebrew/opt/postgresql@*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
command -v ps >/dev/null || missing+=(procps)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]} for the tests"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || true
  # Debian has the browser without what draws windows by itself; others only the whole.
  apt-cache show chromium-headless-shell >/dev/null 2>&1 || missing=("${missing[@]/chromium-headless-shell/chromium}")
  if ! apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    echo "not installed: ${missing[*]}; the tests that need them will skip"
  fi
else
  echo "not installed: ${missing[*]}; the tests that need them will skip"
fi
