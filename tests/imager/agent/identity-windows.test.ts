import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { netbiosName, writeWindowsIdentity } from '../../../imager/agent/identity-windows.ts'
import { withMounted } from '../../../imager/agent/mounted.ts'
import { pcIdentity } from '../../../imager/agent/pc-identity.ts'
import { done } from '../../../imager/agent/result.ts'
import { buildHive, type HiveKey } from './hive.ts'

const exec = promisify(execFile)
const mebibyte = 1024 * 1024

const controlSet = (name: string): HiveKey => ({
  keys: {
    Control: { keys: { ComputerName: { keys: { ComputerName: { values: { ComputerName: name } } } } } },
    Services: {
      keys: { Tcpip: { keys: { Parameters: { values: { Hostname: name, 'NV Hostname': name } } } } },
    },
  },
})
const systemHive = (current: number): Buffer =>
  buildHive({
    keys: {
      ControlSet001: controlSet('GOLDEN'),
      ControlSet002: controlSet('GOLDEN'),
      Select: { values: { Current: current, Default: current } },
    },
  })

const state = {
  format: 'proviseur-disk-1',
  manifest: 'a'.repeat(64),
  image: 'windows@11',
  layout: 'l',
  settings: 's',
  job: 'job-1',
  at: 1_700_000_000_000,
  how: 'restore',
} as const
const identity = {
  hostname: 'b204-salle-info-07',
  user: 'admin',
  authorizedKeys: ['ssh-ed25519 AAAAC3 parc'],
}

test('The hive that these tests build is one that chntpw and hivex both read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hive-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const hive = join(folder, 'SYSTEM')
  await writeFile(hive, systemHive(2))
  const { stdout } = await exec('hivexget', [hive, '\\Select', 'Current'])
  t.is(stdout.trim(), '2')
  await exec('reged', ['-x', hive, 'HKEY_LOCAL_MACHINE\\SYSTEM', '\\', join(folder, 'all.reg')])
  t.regex(await readFile(join(folder, 'all.reg'), 'latin1'), /"ComputerName"="GOLDEN"/)
})

test('A restored Windows on NTFS gets its name in the control set that it starts with, its keys and its state record', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'windows-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const disk = join(folder, 'disk.img')
  const range = { device: disk, offsetBytes: mebibyte, sizeBytes: 64 * mebibyte }
  await writeFile(disk, '')
  await truncate(disk, 66 * mebibyte)
  const partition = join(folder, 'ntfs.img')
  await writeFile(partition, '')
  await truncate(partition, range.sizeBytes)
  await exec('mkntfs', ['--quick', '--force', '--quiet', partition])
  await exec('dd', [`if=${partition}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc,sparse', 'status=none'])
  const pc = await pcIdentity(join(folder, 'identity'), 'windows', identity.hostname)
  t.true(pc.ok)
  if (!pc.ok) return

  const prepared = await withMounted(range, 'ntfs', async (root) => {
    await mkdir(join(root, 'Windows/system32/Config'), { recursive: true })
    await mkdir(join(root, 'Windows/Setup/Scripts'), { recursive: true })
    await writeFile(join(root, 'Windows/system32/Config/SYSTEM'), systemHive(2))
    await writeFile(join(root, 'Windows/Setup/Scripts/SetupComplete.cmd'), 'echo image')
    return done(undefined)
  })
  t.true(prepared.ok)
  for (const _ of ['first', 'again']) {
    const written = await withMounted(range, 'ntfs', (root) =>
      writeWindowsIdentity({ root, identity, pc: pc.value, state }),
    )
    t.deepEqual(written, done({ hostKey: pc.value.hostKey.public }))
  }

  await withMounted(range, 'ntfs', async (root) => {
    const hive = join(folder, 'SYSTEM')
    await writeFile(hive, await readFile(join(root, 'Windows/system32/Config/SYSTEM')))
    const value = async (key: string, name: string) =>
      (await exec('hivexget', [hive, key, name])).stdout.trim()
    t.is(
      await value('\\ControlSet002\\Control\\ComputerName\\ComputerName', 'ComputerName'),
      'B204-SALLE-INFO',
    )
    t.is(await value('\\ControlSet002\\Services\\Tcpip\\Parameters', 'NV Hostname'), identity.hostname)
    t.is(await value('\\ControlSet002\\Services\\Tcpip\\Parameters', 'Hostname'), identity.hostname)
    t.is(await value('\\ControlSet001\\Services\\Tcpip\\Parameters', 'Hostname'), 'GOLDEN')
    t.like(JSON.parse(await readFile(join(root, 'ProgramData/Proviseur/disk.json'), 'utf8')), state)
    const complete = await readFile(join(root, 'Windows/Setup/Scripts/SetupComplete.cmd'), 'utf8')
    t.is(complete, 'echo image\r\ncall "%ProgramData%\\Proviseur\\first-boot.cmd"\r\n')
    t.regex(await readFile(join(root, 'ProgramData/Proviseur/first-boot.cmd'), 'utf8'), /icacls/)
    t.is(
      await readFile(join(root, 'ProgramData/ssh/administrators_authorized_keys'), 'utf8'),
      'ssh-ed25519 AAAAC3 parc\r\n',
    )
    return done(undefined)
  })
})

test('A NetBIOS name has fifteen characters at most', (t) => {
  t.is(netbiosName('b204-salle-info-07'), 'B204-SALLE-INFO')
})
