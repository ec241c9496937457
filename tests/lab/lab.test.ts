/** The lab proves itself: what it says of its PCs is what any program on the network sees. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir, uptime } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { Client } from 'ssh2'
import { parse } from 'yaml'
import { createLab, type Lab, type Pc } from './lab.ts'

const NAMES = ['b204-01', 'b204-02', 'b204-03', 'cdi-01', 'cdi-02', 'cdi-03'] as const
let lab: Lab

test.before(async () => {
  lab = await createLab({
    packages: [
      { name: 'geogebra', version: '6.0.800' },
      { name: 'geogebra', version: '6.0.850-1' },
      { name: 'geogebra', version: '1:5.0' },
    ],
    pcs: NAMES.map((name) => ({
      name,
      room: name.split('-')[0] ?? '',
      ...(name === 'cdi-03' ? { off: true } : {}),
      ...(name === 'cdi-02' ? { hostname: 'poste-neuf', installed: { geogebra: '6.0.800' } } : {}),
    })),
  })
})

test.after.always(() => lab?.dispose())

test.serial(
  'six PCs are up, each with its own name, address, machine id, boot id and host key',
  async (t) => {
    const running = lab.pcs.filter((pc) => pc.name !== 'cdi-03')
    t.deepEqual(
      running.map((pc) => pc.state),
      running.map(() => 'on'),
    )
    const identities = await Promise.all(
      running.map(async (pc) => ({
        hostname: (await pc.exec('hostname')).trim(),
        machineId: (await pc.exec('cat /etc/machine-id')).trim(),
        bootId: (await pc.exec('cat /proc/sys/kernel/random/boot_id')).trim(),
        mac: (await pc.exec('cat /sys/class/net/eth0/address')).trim(),
        hostKey: await pc.hostKeyFingerprint(),
      })),
    )
    t.deepEqual(
      identities.map(({ hostname }) => hostname),
      ['b204-01', 'b204-02', 'b204-03', 'cdi-01', 'poste-neuf'],
    )
    t.deepEqual(
      identities.map(({ mac }) => mac),
      running.map((pc) => pc.mac),
    )
    t.deepEqual(
      identities.map(({ bootId }) => bootId),
      running.map((pc) => pc.bootId),
    )
    for (const field of ['machineId', 'bootId', 'mac', 'hostKey'] as const)
      t.is(new Set(identities.map((identity) => identity[field])).size, running.length, field)
    t.regex(identities[0]?.machineId ?? '', /^[0-9a-f]{32}$/)
  },
)

test.serial(
  'SSH from this process reaches a PC with the lab’s key, and its host key is the pinned one',
  async (t) => {
    const pc = lab.pc('b204-01')
    t.is(await overSsh(pc, 'hostname', await pc.hostKeyFingerprint()), 'b204-01\n')
    await t.throwsAsync(async () => overSsh(pc, 'hostname', await lab.pc('b204-02').hostKeyFingerprint()), {
      message: /verification failed/,
    })
  },
)

test.serial('apt installs, upgrades and downgrades to given versions of the lab’s repository', async (t) => {
  const pc = lab.pc('b204-01')
  await pc.exec('apt-get update')
  for (const version of ['6.0.800', '6.0.850-1', '6.0.800', '1:5.0']) {
    await pc.exec(`apt-get install -y --allow-downgrades geogebra=${version}`)
    t.is(await pc.installed('geogebra'), version)
  }
  t.is(await pc.readFile('/usr/share/geogebra/version'), '1:5.0\n')
  await pc.exec('apt-get purge -y geogebra')
  t.is(await pc.installed('geogebra'), undefined)
  t.is(await lab.pc('cdi-02').installed('geogebra'), '6.0.800')
  t.is(await lab.pc('b204-02').installed('geogebra'), undefined)
})

test.serial('an off PC answers nothing, and a magic packet for its MAC alone turns it on', async (t) => {
  const pc = lab.pc('cdi-03')
  t.is(pc.state, 'off')
  t.is(await reached(pc), 'silence')
  await broadcast(Buffer.from('good evening'))
  await broadcast(magicPacket(lab.pc('cdi-02').mac))
  await broadcast(magicPacket(pc.mac))
  await pc.reaches('on')
  t.deepEqual(
    pc.history().map(({ cause }) => cause),
    ['mains', 'magic-packet', 'boot'],
  )
  t.is(await overSsh(pc, 'hostname', await pc.hostKeyFingerprint()), 'cdi-03\n')
})

test.serial('a PC shut down over SSH is off, keeps its disk, and wakes again', async (t) => {
  const pc = lab.pc('cdi-03')
  await pc.writeFile('/home/eleve/devoir.txt', 'Le Cid, acte I')
  await overSsh(pc, 'shutdown -h now', await pc.hostKeyFingerprint()).catch(() => undefined)
  await pc.reaches('off')
  t.is(pc.history().at(-1)?.cause, 'shutdown')
  t.is(await pc.readFile('/home/eleve/devoir.txt'), 'Le Cid, acte I')
  await broadcast(magicPacket(pc.mac))
  await pc.reaches('on')
  t.is(await pc.exec('cat /home/eleve/devoir.txt'), 'Le Cid, acte I')
})

test.serial(
  'a reboot gives a new boot id and a clock since boot of its own, and keeps machine id and host key',
  async (t) => {
    const pc = lab.pc('b204-02')
    const look = async () => ({
      bootId: (await pc.exec('cat /proc/sys/kernel/random/boot_id')).trim(),
      uptimeSeconds: Number.parseFloat(await pc.exec('cat /proc/uptime')),
      machineId: await pc.exec('cat /etc/machine-id'),
      hostKey: await pc.hostKeyFingerprint(),
    })
    const before = await look()
    const booted = pc.nextBoot()
    await pc.execResult('reboot')
    await booted
    const after = await look()
    t.not(after.bootId, before.bootId)
    t.is(pc.bootId, after.bootId)
    // All were started within this test file, after the host: its clock since boot is not theirs.
    t.true(after.uptimeSeconds < uptime())
    t.is(after.machineId, before.machineId)
    t.is(after.hostKey, before.hostKey)
  },
)

test.serial('power cut in the middle of an apt install leaves dpkg honestly interrupted', async (t) => {
  const pc = lab.pc('b204-03')
  await lab.repository.publish('blender', '4.2', {
    postinst: 'if [ ! -e /etc/finish ]; then : >/var/tmp/configuring; sleep 1000; fi',
  })
  await pc.exec('apt-get update')
  const install = pc.execResult('apt-get install -y blender')
  await until(async () => (await pc.execResult('test -e /var/tmp/configuring')).exitCode === 0)
  await pc.cut()
  t.not((await install).exitCode, 0)
  t.is(pc.state, 'off')
  t.is(pc.history().at(-1)?.cause, 'cut')
  t.regex(await pc.disk('dpkg --list blender'), /^iF +blender/m)
  t.is(await pc.installed('blender'), undefined)

  await pc.powerOn()
  const refused = await pc.execResult('apt-get install -y geogebra')
  t.regex(refused.stderr, /dpkg was interrupted/)
  await pc.exec('touch /etc/finish; dpkg --configure -a')
  t.is(await pc.installed('blender'), '4.2')
})

test.serial('a cut PC says no goodbye: connections to it stay open and silent', async (t) => {
  const pc = lab.pc('b204-03')
  const socket = connect(22, pc.ip)
  await once(socket, 'data')
  let ended = false
  socket.on('close', () => {
    ended = true
  })
  socket.on('end', () => {
    ended = true
  })
  await pc.cut()
  await pc.powerOn()
  t.false(ended)
  socket.on('error', () => undefined)
  socket.destroy()
})

test.serial('who shows a pupil’s session until its logout', async (t) => {
  const pc = lab.pc('cdi-01')
  t.is(await pc.exec('who'), '')
  const session = await pc.openSession('eleve')
  t.regex(await pc.exec('who'), new RegExp(`^eleve +${session.terminal} .*\\(${lab.network.hostAddress}\\)`))
  session.type('echo $((6 * 7))')
  await until(async () => session.screen().includes('42'))
  await pc.openSession('prof')
  t.is((await pc.exec('who')).trim().split('\n').length, 2)
  await pc.closeSessions()
  t.is(await pc.exec('who'), '')
})

test.serial('an unplugged PC goes on running, and is reached again when the cable is back', async (t) => {
  const pc = lab.pc('cdi-01')
  const bootId = pc.bootId
  await pc.unplug()
  t.is(await reached(pc), 'silence')
  t.is((await pc.exec('cat /sys/class/net/eth0/carrier')).trim(), '0')
  await pc.plug()
  t.is(await overSsh(pc, 'hostname', await pc.hostKeyFingerprint()), 'cdi-01\n')
  t.is(pc.bootId, bootId)
})

test.serial('a PC with a forgotten host key has another after its next boot', async (t) => {
  const pc = lab.pc('cdi-01')
  const before = await pc.hostKeyFingerprint()
  await pc.forgetHostKey()
  await pc.powerOff()
  await pc.powerOn()
  t.not(await pc.hostKeyFingerprint(), before)
})

test.serial('the repository can stop, lose packages, break downloads off, and heal', async (t) => {
  const pc = lab.pc('b204-01')
  await lab.repository.publish('libreoffice', '24.2', { sizeBytes: 300_000 })
  await pc.exec('apt-get update')
  const install = () => pc.execResult('apt-get install -y -o Acquire::Retries=0 libreoffice')

  await lab.repository.fault({ kind: 'stopped' })
  t.regex((await install()).stderr, /Could not connect|Connection refused/)
  await lab.repository.fault({ kind: 'missing' })
  t.regex((await install()).stderr, /404/)
  await lab.repository.fault({ kind: 'cut', afterBytes: 100_000 })
  t.not((await install()).exitCode, 0)
  await until(async () =>
    lab.repository.served().some(({ path, bytes }) => path.includes('libreoffice') && bytes === 100_000),
  )
  t.is(await pc.installed('libreoffice'), undefined)
  await lab.repository.fault({ kind: 'none' })
  t.is((await install()).exitCode, 0)
  t.is(await pc.installed('libreoffice'), '24.2')

  await lab.repository.withdraw('libreoffice')
  await pc.exec('apt-get update')
  t.regex(
    (await lab.pc('b204-02').execResult('apt-get update; apt-get install -y libreoffice')).stderr,
    /Unable to locate/,
  )
})

test.serial('a slow repository is slow for packages, not for its index', async (t) => {
  const pc = lab.pc('b204-02')
  await lab.repository.publish('gimp', '3.0', { sizeBytes: 200_000 })
  await lab.repository.fault({ kind: 'slow', bytesPerSecond: 20_000 })
  await pc.exec('apt-get update')
  const install = pc.execResult('apt-get install -y gimp')
  await until(async () => (await pc.disk('ls /var/cache/apt/archives/partial')).includes('gimp'))
  t.is(await pc.installed('gimp'), undefined)
  await lab.repository.fault({ kind: 'none' })
  t.is((await install).exitCode, 0)
  t.is(await pc.installed('gimp'), '3.0')
})

test.serial('the park it writes names each PC with its MAC, address and host key', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'park-'))
  try {
    await lab.writePark(folder, {
      lycee: { role: 'salle' },
      machines: { 'b204-02': { packages: { geogebra: 'absent' } } },
      files: { 'roles/salle.yaml': { kind: 'Role', name: 'salle' } },
    })
    const lycee = parse(await readFile(join(folder, 'lycees/victor-hugo.yaml'), 'utf8'))
    const pc = lab.pc('b204-02')
    t.deepEqual(Object.keys(lycee.rooms), ['b204', 'cdi'])
    t.deepEqual(lycee.rooms.b204.machines['b204-02'], {
      mac: pc.mac,
      address: pc.ip,
      hostKey: await pc.hostKeyFingerprint(),
      packages: { geogebra: 'absent' },
    })
    t.is(lycee.role, 'salle')
    t.is(lycee.network.subnet, lab.network.subnet)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.serial('a PC cannot change the host’s kernel or clock', async (t) => {
  const pc = lab.pc('b204-01')
  const { exitCode } = await pc.execResult('echo 1 >/proc/sys/kernel/panic')
  t.not(exitCode, 0)
  const set = await overSsh(pc, 'date -s 2001-01-01 2>&1 >/dev/null || true', await pc.hostKeyFingerprint())
  t.regex(set, /cannot set date/)
})

test.serial('dispose leaves no process, interface or mount', async (t) => {
  const second = await createLab({
    pcs: [
      { name: 'p1', room: 'r' },
      { name: 'p2', room: 'r', off: true },
    ],
  })
  t.not(second.network.subnet, lab.network.subnet)
  const namespace = await namespaceOf(second)
  t.true((await processesIn(namespace)) > 0)
  const { hostInterface } = second.network
  t.true(hostInterface in networkInterfaces())
  const file = second.privateKeyFile
  t.regex(await readFile(file, 'utf8'), /PRIVATE KEY/)
  await second.dispose()
  t.is(await processesIn(namespace), 0)
  t.false(hostInterface in networkInterfaces())
  await t.throwsAsync(readFile(file), { code: 'ENOENT' })
  t.notRegex(await readFile('/proc/self/mounts', 'utf8'), /^lab /m)
  // The other one stands as before.
  t.is(await lab.pc('b204-01').exec('echo here'), 'here\n')
})

test.serial('a lab whose process is killed goes with it', async (t) => {
  const module = fileURLToPath(new URL('lab.ts', import.meta.url))
  const program = `
    import { createLab } from ${JSON.stringify(module)}
    const lab = await createLab({ pcs: [{ name: 'p1', room: 'r' }] })
    console.log(JSON.stringify({ key: lab.privateKeyFile, hostInterface: lab.network.hostInterface }))
    setInterval(() => {}, 1000)`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('no output')
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  const { key, hostInterface } = JSON.parse(line)
  const namespace = await readNamespace(/^\/proc\/(\d+)\//.exec(key)?.[1] ?? '')
  t.true((await processesIn(namespace)) > 0)
  child.kill('SIGKILL')
  await until(async () => (await processesIn(namespace)) === 0 && !(hostInterface in networkInterfaces()))
  t.pass()
})

async function overSsh(pc: Pc, command: string, fingerprint: string): Promise<string> {
  const client = new Client()
  const ready = once(client, 'ready')
  client.connect({
    host: pc.ip,
    username: 'root',
    privateKey: lab.privateKey,
    hostVerifier: (key: Buffer) =>
      `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}` === fingerprint,
  })
  await ready
  try {
    return await new Promise((resolve, reject) => {
      client.on('error', reject)
      client.exec(command, (error, stream) => {
        if (error) return reject(error)
        let output = ''
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString()
        })
        stream.on('close', () => resolve(output))
      })
    })
  } finally {
    client.end()
  }
}

/** How the PC's sshd takes a TCP connection. A PC that is there and refuses would answer within the millisecond. */
function reached(pc: Pc): Promise<'connected' | 'refused' | 'silence'> {
  return new Promise((resolve) => {
    const socket = connect({ host: pc.ip, port: 22, timeout: 1_000 })
    const end = (how: 'connected' | 'refused' | 'silence') => (): void => {
      socket.destroy()
      resolve(how)
    }
    socket.on('connect', end('connected'))
    socket.on('timeout', end('silence'))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code === 'ECONNREFUSED' ? 'refused' : 'silence')(),
    )
  })
}

const magicPacket = (mac: string): Buffer => {
  const address = Buffer.from(mac.replaceAll(':', ''), 'hex')
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)])
}

async function broadcast(payload: Buffer): Promise<void> {
  const socket = createSocket('udp4')
  socket.bind(0)
  await once(socket, 'listening')
  socket.setBroadcast(true)
  await new Promise<void>((resolve, reject) => {
    socket.send(payload, 9, lab.network.broadcast, (error) => (error ? reject(error) : resolve()))
  })
  socket.close()
}

const namespaceOf = (of: Lab): Promise<string> =>
  readNamespace(/^\/proc\/(\d+)\//.exec(of.privateKeyFile)?.[1] ?? '')

/** A lab's mount namespace, by the process that holds it. */
async function readNamespace(pid: string): Promise<string> {
  return readlink(`/proc/${pid}/ns/mnt`)
}

/** How many processes of this machine live in a mount namespace. */
async function processesIn(namespace: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  // A process that ends while it is looked at lives nowhere.
  const found = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/mnt`).catch(() => '')))
  return found.filter((name) => name === namespace).length
}

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!(await met())) await delay(20)
}
