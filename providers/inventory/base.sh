# What a PC says of itself, as KEY=VALUE lines. Everything from /proc, /sys and coreutils: nothing here asks a service.
echo "now=$(date +%s%3N)"
echo "boot=$(boot_id)"
echo "uptime=$(uptime_ms)"
# When the first process started, in clock ticks since the kernel did: in a container or namespace, that is its boot.
echo "first=$(sed 's/^.*) //' /proc/1/stat | cut -d ' ' -f 20)"
echo "ticks=$(getconf CLK_TCK)"
echo "kernel=$(uname -r)"
echo "arch=$(uname -m)"
echo "cpus=$(nproc --all)"
echo "cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
echo "memory=$(sed -n 's/^MemTotal:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/meminfo)"
if [ -d /sys/firmware/efi ]; then echo firmware=uefi; else echo firmware=bios; fi
if [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then echo reboot=yes; else echo reboot=no; fi
# pam_nologin(8): whoever is not root is turned away while one of them is there.
if [ -e /run/nologin ] || [ -e /etc/nologin ]; then echo logins=closed; else echo logins=open; fi
echo "free=$(stat -f -c '%a %S' /)"
if [ -s "$P_STATE/running" ] && ! flock -n -s "$P_STATE/running" true; then echo "running=$(cat "$P_STATE/running")"; fi
for key in sys_vendor product_name product_serial product_uuid; do
  [ ! -r "/sys/class/dmi/id/$key" ] || echo "$key=$(cat "/sys/class/dmi/id/$key")"
done
for card in /sys/class/net/*; do
  [ "$(cat "$card/type" 2>/dev/null)" = 1 ] || continue
  if [ -e "$card/device" ]; then kind=card; else kind=virtual; fi
  echo "mac=$kind $(cat "$card/address")"
done
for disk in /sys/block/*; do
  name=${disk##*/}
  case $name in loop* | ram* | zram* | sr* | fd* | dm-* | md* | nbd*) continue ;; esac
  echo "disk=$name $(cat "$disk/size") $(cat "$disk/queue/rotational") $(cat "$disk/device/model" 2>/dev/null)"
done
