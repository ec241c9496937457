/** The ramdisk on a whole PC, without boot loaders: `/init` with agents of this test in the place of the real one. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { BootSet } from '../../../imaging/boot-set.ts'
import { until } from '../until.ts'
import { makeBootFiles } from './boot-files.ts'
import { createVm, type Vm, type VmOptions } from './vm.ts'
import { layVmNetwork, type VmNetwork } from './vm-network.ts'

const HELLO_SERVER = fileURLToPath(new URL('hello-server.ts', import.meta.url))
const PORT = 8080

/** Reads what the agent would, tells it to the server of the command line, and switches the PC off. */
const tellingAgent = `
import { execFileSync } from 'node:child_process'
import { readFileSync, existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
const read = (path: string): string => readFileSync(path, 'utf8')
const ran = (program: string, ...words: string[]): string => execFileSync(program, words, { encoding: 'utf8' })
const answer = await new Promise((resolve, reject) => {
  new Worker(new URL('./worker.js', import.meta.url)).on('message', resolve).on('error', reject)
})
execFileSync('mkfs.ext4', ['-q', '/dev/sda'])
execFileSync('mount', ['-t', 'ext4', '/dev/sda', '/mnt'])
execFileSync('sh', ['-c', 'echo "élève" >/mnt/accents && sync && umount /mnt && mkntfs -qFf /dev/sda && mount -t ntfs-3g /dev/sda /mnt && echo x >/mnt/élève && umount /mnt'])
const hello = {
  network: read('/run/proviseur/network'),
  uptime: Number(read('/proc/uptime').split(' ')[0]),
  memory: read('/proc/meminfo'),
  version: read('/etc/proviseur/version').trim(),
  keys: [read('/etc/proviseur/park.pub'), read('/etc/proviseur/site.pub')],
  worker: answer,
  ntfs: ran('ntfsls', '/dev/sda'),
  disk: ran('lsblk', '--noheadings', '--output', 'NAME,TRAN', '/dev/sda'),
  tools: ran('sh', '-c', 'sfdisk --version; ssh-keygen -q -t ed25519 -N "" -f /tmp/key && cat /tmp/key.pub; tar --version; reged -h; efibootmgr --version; mcopy --version').length,
  loader: existsSync('/usr/lib/proviseur/boot/core.img'),
}
const server = /proviseur\\.server=(\\S+)/.exec(read('/proc/cmdline'))?.[1]
await fetch(server + '/imager/hello', { method: 'POST', body: JSON.stringify(hello) })
process.exit(10)
`

const failingAgent = `throw new Error('this agent fails on purpose')`

const worker = `import { parentPort } from 'node:worker_threads'\nparentPort?.postMessage('from a worker')\n`

const keys = { park: 'park key\n', site: 'site key\n' }

type Kit = { readonly set: BootSet; readonly vmlinuz: string; readonly initrd: string }

const makeKit = async (network: VmNetwork, agent: string): Promise<Kit> => {
  const folder = join(network.folder, 'kit')
  await mkdir(folder)
  const source = { main: join(folder, 'main.ts'), worker: join(folder, 'worker.ts') }
  await writeFile(source.main, agent)
  await writeFile(source.worker, worker)
  const out = join(folder, 'boot')
  const { set } = await makeBootFiles({ out, keys, agent: source })
  return { set, vmlinuz: join(out, 'vmlinuz'), initrd: join(out, 'initrd') }
}

const createImagerPc = (
  network: VmNetwork,
  kit: Kit,
  words: readonly string[],
  more: Partial<VmOptions>,
): Promise<Vm> =>
  createVm(network, {
    name: 'pc-1',
    index: 1,
    firmware: 'bios',
    wakeOnLan: false,
    ...more,
    kernel: {
      vmlinuz: kit.vmlinuz,
      initrd: kit.initrd,
      commandLine: ['console=ttyS0', 'quiet', 'panic=-1', ...words].join(' '),
    },
  })

/** The bodies that PCs posted so far. */
const startHelloServer = async (network: VmNetwork): Promise<readonly string[]> => {
  const child = network.spawn([process.execPath, HELLO_SERVER, network.serverAddress, String(PORT)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('the server has no output')
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  await until('listening server', () => lines.includes('listening'))
  return lines
}

test.serial(
  'a PC with 1 GB of memory gets from its kernel to the agent, with network, disk and tools',
  async (t) => {
    await using network = await layVmNetwork()
    const kit = await makeKit(network, tellingAgent)
    await network.startDhcpServer()
    const heard = await startHelloServer(network)
    const boot = `BOOTIF=01-${network.pcMac(1).replaceAll(':', '-')}`
    const server = `proviseur.server=http://${network.serverAddress}:${PORT}`
    const pc = await createImagerPc(network, kit, [boot, server], {
      disks: [{ sizeBytes: 64 * 2 ** 20, bus: 'sata' }],
      card: 'e1000e',
      memoryMib: 1024,
    })
    const started = performance.now()
    await pc.powerOn()
    await until(
      `hello\n${pc.serial.slice(-3000)}`,
      () => heard.some((line) => line.startsWith('hello ')) || !pc.running,
      240_000,
    )
    const elapsedMs = performance.now() - started
    const line = heard.find((each) => each.startsWith('hello '))
    if (line === undefined) return t.fail(pc.serial)
    const hello = JSON.parse(line.slice('hello '.length))
    t.regex(hello.network, new RegExp(`^interface=\\w+\nmac=${network.pcMac(1)}\naddress=10\\.\\S+\n$`))
    t.is(hello.version, kit.set.version)
    t.deepEqual(hello.keys, [keys.park, keys.site])
    t.is(hello.worker, 'from a worker')
    t.regex(hello.ntfs, /^élève$/m)
    t.regex(hello.disk, /^sda\s+sata/)
    t.true(hello.tools > 500)
    t.true(hello.loader)
    const freeKib = Number(/^MemAvailable:\s+(\d+)/m.exec(hello.memory)?.[1])
    t.true(freeKib > 500_000, `${freeKib} KiB are left for the imaging`)
    await pc.waitForExit()
    t.regex(pc.serial, /Proviseur imager: devices found/)
    t.log(
      `hello ${(elapsedMs / 1000).toFixed(1)} s after power-on, ${hello.uptime} s after the kernel's start`,
    )
    t.log(`${1024 - Math.round(freeKib / 1024)} MiB of 1024 are taken`)
  },
)

test.serial(
  'with the cable out a reset goes on without network; an agent that keeps failing is told, and the PC restarts',
  async (t) => {
    await using network = await layVmNetwork()
    const kit = await makeKit(network, failingAgent)
    const pc = await createImagerPc(network, kit, ['proviseur.mode=reset', 'proviseur.locale=fr'], {
      onReboot: 'exit',
    })
    // The serial log holds bytes, not letters: accents are left out of what is looked for.
    await pc.unplug()
    await pc.powerOn()
    await pc.waitForExit()
    t.regex(pc.serial, /Pas de .*seau : on continue sans\./)
    t.is([...pc.serial.matchAll(/L'imageur a .* \(code 1\) et red/g)].length, 2)
    t.regex(pc.serial, /this agent fails on purpose/)
    t.regex(pc.serial, /L'imageur a .* trois fois \(code 1\)/)
    t.regex(pc.serial, /Ce poste red.*marre dans 30 secondes\./)
  },
)
