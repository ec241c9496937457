#!/bin/sh
echo 'This PC is looked after by Proviseur.' > /etc/motd
