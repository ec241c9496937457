#!/bin/sh
# À 19 heures, une demi-heure avant la fenêtre : Proviseur réveille ceux dont il a besoin.
set -eu
cat > /usr/local/sbin/extinction << 'FIN'
#!/bin/sh
[ -n "$(loginctl list-sessions --no-legend)" ] || systemctl poweroff
FIN
chmod 755 /usr/local/sbin/extinction
cat > /etc/cron.d/extinction << 'FIN'
# 19:00, du lundi au vendredi
0 19 * * 1-5 root /usr/local/sbin/extinction
FIN
