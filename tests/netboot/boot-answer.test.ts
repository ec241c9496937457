import test from 'ava'
import {
  grubAnswer,
  grubFirstScript,
  ipxeAnswer,
  ipxeFirstScript,
  kernelCommandLine,
} from '../../providers/netboot/boot-answer.ts'
import type { Mac } from '../../specs/ids.ts'

const mac = '52:54:00:25:02:01' as Mac
const options = { server: { address: '10.25.11.2', port: 8080 }, locale: 'fr' } as const

test('the kernel is told its mode, its server, its language and its card', (t) => {
  t.is(
    kernelCommandLine(mac, { ...options, kernelOptions: ['console=ttyS0'] }),
    'proviseur.mode=netboot proviseur.server=http://10.25.11.2:8080 proviseur.locale=fr BOOTIF=01-52-54-00-25-02-01 console=ttyS0',
  )
})

test('iPXE fetches kernel and ramdisk, and goes on to the disk wherever that fails', (t) => {
  t.is(
    ipxeAnswer({ kind: 'imager' }, mac, options),
    [
      '#!ipxe',
      'kernel --timeout 20000 http://10.25.11.2:8080/boot/files/vmlinuz initrd=initrd proviseur.mode=netboot proviseur.server=http://10.25.11.2:8080 proviseur.locale=fr BOOTIF=01-52-54-00-25-02-01 || goto local',
      'initrd --timeout 20000 --name initrd http://10.25.11.2:8080/boot/files/initrd || goto local',
      'boot || goto local',
      ':local',
      'echo Proviseur: local disk',
      'imgfree ||',
      `iseq \${platform} pcbios && sanboot --no-describe --drive 0x80 ||`,
      'exit 1',
      '',
    ].join('\n'),
  )
})

test('GRUB does the same in its language', (t) => {
  t.is(
    grubAnswer({ kind: 'imager' }, mac, options),
    [
      'echo "Proviseur: imager"',
      'if linux (http,10.25.11.2:8080)/boot/files/vmlinuz proviseur.mode=netboot proviseur.server=http://10.25.11.2:8080 proviseur.locale=fr BOOTIF=01-52-54-00-25-02-01; then',
      '  if initrd (http,10.25.11.2:8080)/boot/files/initrd; then',
      '    boot',
      '  fi',
      'fi',
      'echo "Proviseur: local disk"',
      'if search --no-floppy --label --set=root proviseur; then',
      '  set prefix=($root)/boot',
      '  configfile /boot/grub.cfg',
      'fi',
      'exit',
      '',
    ].join('\n'),
  )
})

test('every script ends at the disk, and the local answer fetches nothing', (t) => {
  const ends: Readonly<Record<string, string>> = {
    'iPXE first': ipxeFirstScript(options.server),
    'iPXE local': ipxeAnswer({ kind: 'local' }, mac, options),
    'iPXE imager': ipxeAnswer({ kind: 'imager' }, mac, options),
    'GRUB first': grubFirstScript(options.server),
    'GRUB local': grubAnswer({ kind: 'local' }, mac, options),
    'GRUB imager': grubAnswer({ kind: 'imager' }, mac, options),
  }
  for (const [name, script] of Object.entries(ends)) {
    t.regex(script, /\nexit( 1)?\n$/, name)
    if (name.endsWith('local')) t.notRegex(script, /http/, name)
  }
})

test('the first scripts ask for this PC, by the card that it starts from', (t) => {
  t.true(
    ipxeFirstScript(options.server).includes(
      `http://10.25.11.2:8080/boot/ipxe?mac=\${netX/mac}&platform=\${platform} `,
    ),
  )
  t.true(
    grubFirstScript(options.server).includes(
      '(http,10.25.11.2:8080)/boot/grub/$grub_platform/$net_default_mac',
    ),
  )
})

test('the usual port is not written: old GRUBs take it for a part of the name', (t) => {
  t.true(grubFirstScript({ address: '10.25.11.2', port: 80 }).includes('(http,10.25.11.2)/boot/'))
})
