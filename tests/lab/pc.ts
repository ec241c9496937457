import { createHash } from 'node:crypto'
import type { PowerCause, PowerState } from './board.ts'
import type { CommandOptions, Result } from './command.ts'
import { GROUND, type Ground } from './ground.ts'
import { mountBoard } from './mainboard.ts'
import { type Network, PREFIX_LENGTH } from './network.ts'
import type { Repository } from './repository.ts'
import { openSession, type Session } from './session.ts'

export type PcOptions = {
  /** As the park calls it. */
  readonly name: string
  readonly room: string
  /** What it believes its host name to be; its name, unless the test wants it wrong. */
  readonly hostname?: string
  /** Left off at the start. */
  readonly off?: boolean
  /** Packages of the lab's repository that are on its disk before its first boot, with their versions, in this order. */
  readonly installed?: Readonly<Record<string, string>>
  /** UDP ports on which its card hears the magic packet while off. */
  readonly wakePorts?: readonly number[]
}

/** What a test does to one PC, and sees of it. Hands and eyes only: nothing here goes over the network but sessions. */
export type Pc = {
  readonly name: string
  readonly room: string
  readonly ip: string
  readonly mac: string
  readonly state: PowerState
  /** Of the running or last boot; undefined before the first. */
  readonly bootId: string | undefined
  /** `SHA256:<base64>` of its ed25519 host key, as `ssh-keygen -l` prints it. */
  readonly hostKeyFingerprint: () => Promise<string>
  /** Forgets its SSH host key, as a PC does that was installed anew; the next boot makes another. */
  readonly forgetHostKey: () => Promise<void>
  /** Runs a shell command as root in the running PC, not over SSH. A failing command must be expected by `execResult`. */
  readonly exec: (command: string, options?: CommandOptions) => Promise<string>
  readonly execResult: (command: string, options?: CommandOptions) => Promise<Result>
  /** Runs a shell command over its disk, on or off. */
  readonly disk: (command: string, options?: CommandOptions) => Promise<string>
  readonly readFile: (path: string) => Promise<string>
  readonly writeFile: (path: string, content: string) => Promise<void>
  /** The installed version, undefined if it is not installed (or only in part). */
  readonly installed: (packageName: string) => Promise<string | undefined>
  /** The power button. Resolves when sshd listens. */
  readonly powerOn: () => Promise<void>
  /** The power button of a running PC: a clean shutdown. Resolves when it is off. */
  readonly powerOff: () => Promise<void>
  /** Pulls the mains plug: all processes die at once, the network sees silence. */
  readonly cut: () => Promise<void>
  /** Pulls or puts back the network cable. */
  readonly unplug: () => Promise<void>
  readonly plug: () => Promise<void>
  /** Resolves at once if it is in that state, else when it next is; rejects after `timeoutMs`. */
  readonly reaches: (state: PowerState, timeoutMs?: number) => Promise<void>
  /** Resolves when it has started once more than at the moment of the call. */
  readonly nextBoot: (timeoutMs?: number) => Promise<void>
  /** Somebody logs in at a terminal: `who` shows it. The users are `eleve`, `prof` and `root`. */
  readonly openSession: (user: string) => Promise<Session>
  /** Logs out everyone who came by `openSession`. */
  readonly closeSessions: () => Promise<void>
  /** What happened to its power, oldest first. */
  readonly history: () => readonly { readonly state: PowerState; readonly cause: PowerCause }[]
  /** For a person: its state, its processes, the end of its console. */
  readonly describe: () => Promise<string>
}

type Parts = {
  readonly ground: Ground
  readonly network: Network
  readonly repository: Repository
  readonly index: number
  readonly options: PcOptions
  readonly publicKey: string
  readonly privateKey: string
}

const BOOT_MS = 60_000
const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LANG=C.UTF-8',
  'DEBIAN_FRONTEND=noninteractive',
]

/** Builds the PC: its disk, its board, its cable. It is off. */
export async function buildPc(parts: Parts): Promise<Pc> {
  const { ground, network, repository, index, options } = parts
  const disk = `${GROUND}/disks/${options.name}/root`
  await makeDisk(parts, disk)
  const board = await mountBoard(ground, {
    mac: network.pcMac(index),
    broadcast: network.broadcast,
    wakePorts: options.wakePorts ?? [9],
    disk,
  })
  await network.lay(index, board.pid)
  board.order('mains')
  await board.until('off', () => board.history.length > 0, BOOT_MS)

  const ip = network.pcAddress(index)
  const onDisk = (command: string, commandOptions?: CommandOptions): Promise<string> =>
    ground.must(['env', '-i', ...ENVIRONMENT, 'chroot', disk, '/bin/sh', '-ec', command], commandOptions)
  const execResult = async (command: string, commandOptions?: CommandOptions): Promise<Result> => {
    if (board.systemPid === undefined) throw new Error(`${options.name} is off: it runs no commands`)
    const into = ['--mount', '--uts', '--ipc', '--net', '--pid', '--time', '--root']
    return ground.run(
      [
        ...['nsenter', `--target=${board.systemPid}`, ...into, 'env', '-i', '-C', '/', ...ENVIRONMENT],
        ...['/bin/sh', '-c', command],
      ],
      commandOptions,
    )
  }
  const sessions = new Set<Session>()
  let plugged = true
  const plug = async (yes: boolean): Promise<void> => {
    plugged = yes
    await network.plug(index, yes)
  }
  const hostKeyFingerprint = async (): Promise<string> =>
    fingerprint(await onDisk('cat /etc/ssh/ssh_host_ed25519_key.pub'))

  const pc: Pc = {
    name: options.name,
    room: options.room,
    ip,
    mac: network.pcMac(index),
    get state() {
      return board.state
    },
    get bootId() {
      return board.bootId
    },
    hostKeyFingerprint,
    forgetHostKey: async () => {
      await onDisk('rm -f /etc/ssh/ssh_host_*')
    },
    exec: async (command, commandOptions) => {
      const result = await execResult(command, commandOptions)
      if (result.exitCode !== 0)
        throw new Error(
          `${options.name}: ${command}: exit ${result.exitCode}\n${result.stdout}${result.stderr}`,
        )
      return result.stdout
    },
    execResult,
    disk: onDisk,
    readFile: (path) => onDisk(`cat ${quote(path)}`),
    writeFile: async (path, content) => {
      await onDisk(`mkdir -p "$(dirname ${quote(path)})"; cat >${quote(path)}`, { input: content })
    },
    installed: async (packageName) => {
      // An unknown name makes dpkg-query fail, which is an answer here.
      const line = await onDisk(
        `dpkg-query -W -f '\${db:Status-Status} \${Version}' ${quote(packageName)} 2>/dev/null || true`,
      )
      const [status, version] = line.split(' ')
      return status === 'installed' ? version : undefined
    },
    powerOn: async () => {
      const before = board.history.length
      if (board.state === 'off') board.order('press')
      const failed = (): boolean => board.history.slice(before).some(({ state }) => state === 'off')
      await board.until('on', () => board.state === 'on' || failed(), BOOT_MS)
      if (board.state !== 'on') throw new Error(`${options.name} did not start\n${board.console.join('\n')}`)
    },
    powerOff: async () => {
      if (board.state === 'starting') await board.until('on', () => board.state === 'on', BOOT_MS)
      if (board.state === 'on') board.order('press')
      await board.until('off', () => board.state === 'off', BOOT_MS)
    },
    cut: async () => {
      const before = board.history.length
      board.order('cut')
      await board.until('off', () => board.state === 'off' && board.history.length > before, BOOT_MS)
    },
    unplug: () => plug(false),
    plug: () => plug(true),
    reaches: (state, timeoutMs = BOOT_MS) => board.until(state, () => board.state === state, timeoutMs),
    nextBoot: (timeoutMs = BOOT_MS) => {
      const before = board.boots
      return board.until('on', () => board.boots > before && board.state === 'on', timeoutMs)
    },
    openSession: async (user) => {
      const session = await openSession({
        pc,
        user,
        privateKey: parts.privateKey,
        hostKeyFingerprint: await hostKeyFingerprint(),
      })
      sessions.add(session)
      return session
    },
    closeSessions: async () => {
      await Promise.all([...sessions].map((session) => session.close()))
      sessions.clear()
    },
    history: () => [...board.history],
    describe: async () => {
      const processes =
        board.state === 'off' ? '' : (await execResult('ps -eo pid,etimes,args --sort pid')).stdout
      const cable = plugged ? '' : ', cable out'
      const boots = board.history.map(({ state, cause }) => `${state} (${cause})`).join(' → ')
      return [`── ${options.name} ${ip} ${board.state}${cable}: ${boots}`, processes, ...board.console]
        .filter((line) => line !== '')
        .join('\n')
    },
  }
  for (const [name, version] of Object.entries(options.installed ?? {})) {
    const file = repository.file(name, version)
    await ground.must(['cp', file, `${disk}/var/cache/apt/archives/`])
    const local = `/var/cache/apt/archives/${file.split('/').at(-1)}`
    await onDisk(`dpkg -i ${quote(local)} >/dev/null; rm ${quote(local)}`)
  }
  return pc
}

/** An overlay on the shared base: what the PC writes is its own, and outlives its running, as on a real disk. */
async function makeDisk({ ground, network, repository, index, options, publicKey }: Parts, disk: string) {
  const folder = `${GROUND}/disks/${options.name}`
  await ground.must(['mkdir', '-p', disk, `${folder}/upper`, `${folder}/work`])
  await ground.must([
    ...['mount', '-t', 'overlay', '-o'],
    `lowerdir=${GROUND}/base,upperdir=${folder}/upper,workdir=${folder}/work`,
    ...['lab', disk],
  ])
  const hostname = options.hostname ?? options.name
  const write = `
hostname=$1 address=$2 source=$3 key=$4
echo "$hostname" >/etc/hostname
printf '127.0.0.1 localhost\\n127.0.1.1 %s\\n' "$hostname" >/etc/hosts
echo "$address" >/etc/lab/address
echo "$source" >/etc/apt/sources.list
echo "$key" >/root/.ssh/authorized_keys
chmod 0600 /root/.ssh/authorized_keys
ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/ssh_host_ed25519_key
`
  const address = `${network.pcAddress(index)}/${PREFIX_LENGTH}`
  await ground.must([
    ...['chroot', disk, '/bin/sh', '-ec', write, 'disk', hostname, address, repository.source, publicKey],
  ])
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/** As OpenSSH writes it: base64 of the SHA-256 of the key's binary form, without padding. */
function fingerprint(publicKeyLine: string): string {
  const blob = Buffer.from(publicKeyLine.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}
