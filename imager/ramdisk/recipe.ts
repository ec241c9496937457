/** What the ramdisk is made of, as data. Everything comes from one Debian release: kernel, tools, signed boot programs. */

/** Debian 13: its signed GRUB for the network has `http` built in, Debian 12's has not. */
export const suite = 'trixie'

/** Their libraries come with them, as apt resolves them. */
export const toolPackages = [
  'busybox',
  'chntpw',
  // Kept paths are removed with `rm --one-file-system`, which busybox has not.
  'coreutils',
  'dosfstools',
  'e2fsprogs',
  'efibootmgr',
  'fdisk',
  // C.UTF-8, without which ntfs-3g refuses names with accents.
  'libc-bin',
  // Node's C++ library.
  'libstdc++6',
  'mtools',
  'ntfs-3g',
  'openssh-client',
  'tar',
  'util-linux',
  // For the recipe itself: they make the module index, unpack modules, and put GRUB's core together.
  'grub-common',
  'kmod',
  'xz-utils',
] as const

/** Files of these are taken; what they depend on (initramfs-tools, a running GRUB, …) is of no use here. */
export const filePackages = [
  'grub-efi-amd64-signed',
  'grub-pc-bin',
  'ipxe',
  'shim-helpers-amd64-signed',
  'shim-signed',
] as const

/** Depends on the newest signed kernel of the release. */
export const kernelPackage = 'linux-image-amd64'

/** Realtek's network cards, the commonest in PCs, work better with their firmware. Not every mirror has it; then it is left out. */
export const optionalPackages = ['firmware-realtek'] as const
export const firmwareFolders = ['usr/lib/firmware/rtl_nic'] as const

/** From usr/bin or usr/sbin; a symbolic link comes with what it points to. */
export const programs = [
  ...['busybox', 'tar', 'rm', 'sync', 'ssh-keygen', 'efibootmgr', 'reged'],
  ...['sfdisk', 'blkid', 'blockdev', 'lsblk', 'wipefs', 'partx', 'losetup', 'blkdiscard', 'fstrim', 'flock'],
  ...['mount', 'umount', 'findmnt', 'mkswap', 'swaplabel'],
  ...['mke2fs', 'mkfs.ext4', 'e2fsck', 'fsck.ext4', 'resize2fs', 'tune2fs', 'dumpe2fs', 'debugfs', 'e2label'],
  ...['mkfs.fat', 'mkfs.vfat', 'fsck.fat', 'fsck.vfat', 'fatlabel'],
  ...['mtools', 'mattrib', 'mcopy', 'mdel', 'mdeltree', 'mdir', 'mformat', 'mlabel', 'mmd', 'mmove', 'mren'],
  ...['mtype', 'minfo'],
  ...[
    'ntfs-3g',
    'ntfs-3g.probe',
    'mount.ntfs',
    'mount.ntfs-3g',
    'mkntfs',
    'mkfs.ntfs',
    'ntfsresize',
    'ntfsfix',
  ],
  ...['ntfscat', 'ntfscluster', 'ntfsinfo', 'ntfslabel', 'ntfsls', 'ntfscp', 'ntfstruncate'],
  ...['kmod', 'modprobe', 'insmod', 'rmmod', 'lsmod', 'modinfo'],
] as const

/** Taken as they are: file or folder of the release → the same in the ramdisk. */
export const plainFiles = [
  'etc/mke2fs.conf',
  'usr/lib/locale/C.utf8',
  // The code page in which mtools writes short names: it does nothing without.
  'usr/lib/x86_64-linux-gnu/gconv/IBM850.so',
  'usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache',
] as const

/** Loaded by name at run time, so no program asks for it: glibc needs it to end threads. */
export const libraries = ['libgcc_s.so.1'] as const

/** Modules by their path below `kernel/`, without suffix. What they need comes with them. */
export const modules = {
  wanted: [
    // Network cards
    /^drivers\/net\/ethernet\//,
    /^drivers\/net\/phy\//,
    /^drivers\/net\/(virtio_net|vmxnet3\/.*|hyperv\/hv_netvsc)$/,
    /^drivers\/net\/usb\/(aqc111|asix|ax88179_178a|cdc_ether|cdc_ncm|dm9601|lan78xx|mcs7830|r8152|r8153_ecm|rtl8150|smsc75xx|smsc95xx|sr9700|sr9800)$/,
    // Disks
    /^drivers\/ata\//,
    /^drivers\/nvme\/host\/nvme$/,
    /^drivers\/pci\/controller\/(vmd|pci-hyperv)$/,
    /^drivers\/block\/(virtio_blk|loop)$/,
    /^drivers\/scsi\/(sd_mod|sr_mod|virtio_scsi|hv_storvsc|vmw_pvscsi|sym53c8xx_2\/.*)$/,
    /^drivers\/message\/fusion\/mptspi$/,
    /^drivers\/mmc\/core\/mmc_block$/,
    /^drivers\/mmc\/host\/(alcor|rtsx_pci_sdmmc|rtsx_usb_sdmmc|sdhci-acpi|sdhci-pci)$/,
    /^drivers\/usb\/storage\/(uas|usb-storage|ums-realtek)$/,
    // Buses and keyboards
    /^drivers\/usb\/host\/(ehci|ohci|uhci|xhci)-/,
    /^drivers\/hv\/hv_vmbus$/,
    /^drivers\/input\/serio\/hyperv-keyboard$/,
    /^drivers\/hid\/(hid-(apple|a4tech|cherry|chicony|generic|hyperv|holtek-kbd|lenovo|logitech|logitech-dj|logitech-hidpp|microsoft)|usbhid)$/,
    // The firmware's variables, and the time
    /^fs\/efivarfs\//,
    /^drivers\/rtc\/rtc-cmos$/,
    // File systems
    /^fs\/(ext4|fat|ntfs3)\//,
    /^fs\/fuse\/fuse$/,
    /^fs\/nls\/nls_(ascii|cp437|cp850|iso8859-1|iso8859-15|utf8)$/,
    /^(crypto|arch\/x86\/crypto)\/crc32c/,
  ],
  /** Cards of servers and other machines: some of them are larger than all of a PC's together. */
  unwanted: [
    /^drivers\/net\/ethernet\/(amazon|brocade|cavium|chelsio|cisco|emulex|fungible|google|huawei|mellanox|microchip|microsoft|myricom|neterion|netronome|nvidia|pensando|qlogic|sfc|stmicro|tehuti|ti)\//,
    /^drivers\/net\/ethernet\/broadcom\/(bnx2|bnx2x\/.*|bnxt\/.*|cnic)$/,
    /^drivers\/net\/ethernet\/intel\/(fm10k|i40e|iavf|ice|idpf|igbvf|ixgbe|ixgbevf|libeth|libie)\//,
    /^drivers\/ata\/pata_pcmcia$/,
    /\/pcmcia|_cs$/,
  ],
} as const

/** Loaded whatever the buses show: they drive no device of their own. */
export const alwaysLoaded = [
  'sd_mod',
  'ext4',
  'vfat',
  'nls_cp437',
  'nls_ascii',
  'nls_utf8',
  'fuse',
  'loop',
  'efivarfs',
] as const

/** Boot program → where the packages have it. */
export const bootPrograms = {
  'shimx64.efi': 'usr/lib/shim/shimx64.efi.signed',
  'mmx64.efi': 'usr/lib/shim/mmx64.efi.signed',
  'grubx64.efi': 'usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed',
  'grubx64-disk.efi': 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed',
  'undionly.kpxe': 'usr/lib/ipxe/undionly.kpxe',
  'snponly.efi': 'usr/lib/ipxe/snponly.efi',
  'boot.img': 'usr/lib/grub/i386-pc/boot.img',
} as const

/** Those that the imager puts on disks. */
export const diskPrograms = ['shimx64.efi', 'mmx64.efi', 'grubx64-disk.efi', 'boot.img', 'core.img'] as const

/**
 * GRUB for BIOS disks. No module is ever loaded from a disk, so all that `/boot/grub.cfg` of the cache partition and the menus of
 * Debian installations use is built in.
 */
export const grubModules = [
  ...['biosdisk', 'part_gpt', 'part_msdos', 'ext2', 'fat', 'ntfs', 'ntfscomp'],
  ...['search', 'search_label', 'search_fs_uuid', 'search_fs_file'],
  ...['configfile', 'normal', 'linux', 'chain', 'ntldr', 'boot', 'minicmd', 'reboot', 'halt'],
  ...['test', 'echo', 'true', 'sleep', 'regexp', 'loadenv', 'keystatus', 'ls', 'cat', 'read', 'probe'],
  ...['serial', 'terminal', 'all_video', 'gfxterm', 'gfxterm_background', 'font', 'gettext', 'png', 'jpeg'],
  ...['gzio', 'xzio', 'lzopio', 'datetime'],
] as const

/** zstd's: 9 takes seconds; 19 takes a minute and a half and saves a tenth. */
export const compressionLevel = 9
