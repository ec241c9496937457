#!/bin/sh
# Les lignes *_proxy de /etc/environment sont à nous ; les autres sont laissées.
set -eu
touch /etc/environment
sed -i '/^https\{0,1\}_proxy=/d' /etc/environment
{
  echo 'http_proxy=http://web.region.example:3128'
  echo 'https_proxy=http://web.region.example:3128'
} >> /etc/environment
