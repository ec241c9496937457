import test from 'ava'
import { chooseModules, type ModuleIndex } from '../../../imager/ramdisk/modules.ts'

const index = (parts: Partial<ModuleIndex>): ModuleIndex => ({
  needs: new Map(),
  asks: new Map(),
  aliases: new Map(),
  ...parts,
})

test('drivers of PCs are taken, those of servers are not', (t) => {
  const needs = new Map(
    [
      'kernel/drivers/net/ethernet/realtek/r8169.ko.xz',
      'kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko.xz',
      'kernel/drivers/net/ethernet/intel/ice/ice.ko.xz',
      'kernel/drivers/net/ethernet/mellanox/mlx5/core/mlx5_core.ko.xz',
      'kernel/drivers/nvme/host/nvme.ko.xz',
      'kernel/drivers/nvme/target/nvmet.ko.xz',
      'kernel/fs/ext4/ext4.ko.xz',
      'kernel/fs/btrfs/btrfs.ko.xz',
      'kernel/sound/core/snd.ko.xz',
    ].map((file) => [file, []]),
  )
  t.deepEqual(chooseModules(index({ needs })), [
    'kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko.xz',
    'kernel/drivers/net/ethernet/realtek/r8169.ko.xz',
    'kernel/drivers/nvme/host/nvme.ko.xz',
    'kernel/fs/ext4/ext4.ko.xz',
  ])
})

test('what a driver needs comes with it, wherever it lies, and so does what that needs', (t) => {
  const needs = new Map([
    ['kernel/fs/ext4/ext4.ko', ['kernel/fs/jbd2/jbd2.ko', 'kernel/lib/crc16.ko']],
    ['kernel/fs/jbd2/jbd2.ko', ['kernel/lib/deep.ko']],
    ['kernel/lib/crc16.ko', []],
    ['kernel/lib/deep.ko', []],
    ['kernel/lib/other.ko', []],
  ])
  t.deepEqual(chooseModules(index({ needs })), [
    'kernel/fs/ext4/ext4.ko',
    'kernel/fs/jbd2/jbd2.ko',
    'kernel/lib/crc16.ko',
    'kernel/lib/deep.ko',
  ])
})

test('what a driver asks for by an alias or by another spelling of its name is found', (t) => {
  const needs = new Map([
    ['kernel/fs/ext4/ext4.ko', []],
    ['kernel/drivers/usb/host/ohci-pci.ko', []],
    ['kernel/drivers/other/checksum-hw.ko', []],
    ['kernel/drivers/other/ehci-helper.ko', []],
  ])
  const chosen = chooseModules(
    index({
      needs,
      asks: new Map([
        ['ext4', ['crypto-checksum']],
        ['ohci_pci', ['ehci_helper', 'nowhere']],
      ]),
      aliases: new Map([['crypto-checksum', ['checksum_hw']]]),
    }),
  )
  t.deepEqual(chosen, [...needs.keys()].sort())
})
