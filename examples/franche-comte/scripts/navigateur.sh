#!/bin/sh
set -eu
mkdir -p /etc/firefox/policies
cat > /etc/firefox/policies/policies.json << 'FIN'
{
  "policies": {
    "Homepage": { "URL": "https://ent.region.example", "StartPage": "homepage" },
    "DisableTelemetry": true,
    "DisableFirefoxAccounts": true,
    "PasswordManagerEnabled": false
  }
}
FIN
