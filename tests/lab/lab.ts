/**
 * A lycée of real PCs on one machine.
 *
 * A PC of the lab is a Debian that runs in mount, process, network, IPC, host-name and (where the kernel has them) clock
 * namespaces of its own. Its disk is an overlay on a base that all share, its network card is one end of a cable whose other end
 * is in the lab's bridge, and what runs on it is real: sshd with its own host key, apt and dpkg against the lab's own
 * repository, a pupil's login at a terminal. It has its own machine id, boot id and boot time. Switched off, nothing of it
 * answers, and a real magic packet on the wire starts it.
 *
 * ```ts
 * await using lab = await createLab({
 *   packages: [{ name: 'geogebra', version: '6.0.800' }, { name: 'geogebra', version: '6.0.850' }],
 *   pcs: [
 *     { name: 'b204-01', room: 'b204', installed: { geogebra: '6.0.800' } },
 *     { name: 'b204-02', room: 'b204', hostname: 'windows-ne7t', off: true },
 *   ],
 * })
 * await lab.writePark(folder, { lycee: { role: 'salle' }, files: { 'roles/salle.yaml': { kind: 'Role', … } } })
 * … run Proviseur on `folder` with the key `lab.privateKeyFile`; it reaches the PCs as it would anywhere …
 * t.is(await lab.pc('b204-01').installed('geogebra'), '6.0.850')
 * await lab.pc('b204-02').reaches('on')
 * ```
 *
 * Hands and eyes. Everything a person could do at a PC is a method of `Pc`: the power button (`powerOn`, `powerOff`), the mains
 * plug (`cut`: all processes die at once, the network sees silence and no goodbye), the network cable (`unplug`, `plug`), a
 * login (`openSession`), the keyboard (`exec`, not over SSH), the disk on or off (`disk`, `readFile`, `writeFile`, `installed`).
 * Methods resolve when the thing is done: no test needs to sleep. `reaches` and `nextBoot` wait for what somebody else does.
 *
 * Packages. `lab.repository.publish(name, version, { depends, postinst, … })` makes a real .deb; `fault` makes downloads slow,
 * broken or impossible. PCs have never run `apt-get update`, as a PC fresh from installation.
 *
 * Isolation. A lab is one process (see ground.ts) and what lives in its namespaces; files it writes are in a tmpfs there. On the
 * host there is one network interface, `proviseur<N>`, with an address in 10.213.N.0/24. However the lab ends (dispose, Ctrl-C, a
 * crash, SIGKILL) the kernel takes all of it away. Only the shared base stays, in `.lab/`. Labs run side by side.
 *
 * What is not real: the kernel is the host's (so are its version, CPU, memory, disks and most of /sys), there is no systemd, and a
 * power cut loses nothing that was written, as the page cache is the host's.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { createKeyPair } from '../../cli/management-key.ts'
import { say, type Text } from '../../specs/text.ts'
import { debianBase } from './base.ts'
import { type Ground, layGround } from './ground.ts'
import { layNetwork, MAX_PCS, type Network } from './network.ts'
import { type ParkOptions, writePark } from './park.ts'
import { buildPc, type Pc, type PcOptions } from './pc.ts'
import { openRepository, type PackageOptions, type Repository } from './repository.ts'
import { LabUnavailable, missingForLab } from './requirements.ts'

export type { PowerState } from './board.ts'
export type { Pc, PcOptions } from './pc.ts'
export type { Fault, PackageOptions, Repository } from './repository.ts'
export { LabUnavailable } from './requirements.ts'
export type { Session } from './session.ts'

export type LabOptions = {
  readonly pcs: readonly PcOptions[]
  /** Published before the PCs are built. */
  readonly packages?: readonly (PackageOptions & { readonly name: string; readonly version: string })[]
  /** The lycée's name in the park: a DNS label. */
  readonly lycee?: string
  /** Debian packages that every PC has from the start, besides what it needs to be reached. */
  readonly basePackages?: readonly string[]
  /** Told what is going on while the lab is made. */
  readonly tell?: (text: Text) => void
}

export type Lab = {
  readonly lycee: string
  /** In the order of `LabOptions.pcs`. */
  readonly pcs: readonly Pc[]
  readonly pc: (name: string) => Pc
  readonly repository: Repository
  readonly network: Network
  /** Where it all stands: for whole PCs on the same wire (vm/vm-network.ts), and for programs that run beside the lab's server. */
  readonly ground: Ground
  /** The key that root accepts on all PCs; the file is there for other processes while the lab is. */
  readonly privateKey: string
  readonly privateKeyFile: string
  readonly publicKey: string
  /** Writes the folder of specs that describes exactly this lycée, with addresses and pinned host keys. */
  readonly writePark: (folder: string, options?: ParkOptions) => Promise<void>
  /** For a person: what each PC is, runs and last said. */
  readonly describe: () => Promise<string>
  /** Leaves nothing: no process, mount, interface or file. */
  readonly dispose: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Makes the lycée and switches its PCs on, all at once. Rejects with `LabUnavailable` where that cannot be. */
export async function createLab(options: LabOptions): Promise<Lab> {
  const missing = missingForLab()
  if (missing !== undefined) throw new LabUnavailable(missing)
  if (options.pcs.length > MAX_PCS) throw new Error(`a lab has at most ${MAX_PCS} PCs`)
  const names = new Set(options.pcs.map((pc) => pc.name))
  if (names.size !== options.pcs.length) throw new Error('two PCs of a lab have one name')
  const base = await debianBase(options.tell, options.basePackages)
  const ground = await layGround(base)
  let network: Network | undefined
  try {
    network = await layNetwork(ground)
    return await furnish(ground, network, options)
  } catch (error) {
    await network?.dispose()
    await ground.dispose()
    throw error
  }
}

async function furnish(ground: Ground, network: Network, options: LabOptions): Promise<Lab> {
  const lycee = options.lycee ?? 'victor-hugo'
  const repository = await openRepository(ground, network.serverAddress)
  for (const { name, version, ...rest } of options.packages ?? [])
    await repository.publish(name, version, rest)

  const keys = createKeyPair('proviseur')
  const privateKeyFile = ground.path('keys/proviseur')
  await mkdir(ground.path('keys'), { mode: 0o700 })
  await writeFile(privateKeyFile, keys.private, { mode: 0o600 })

  const count = options.pcs.length
  options.tell?.(say(`${count} PCs start`, `Démarrage de ${count} postes`))
  const pcs = await Promise.all(
    options.pcs.map(async (pcOptions, index) => {
      const pc = await buildPc({
        ...{ ground, network, repository, index: index + 1, options: pcOptions },
        ...{ publicKey: keys.public, privateKey: keys.private },
      })
      if (pcOptions.off !== true) await pc.powerOn()
      return pc
    }),
  )
  const dispose = async (): Promise<void> => {
    await network.dispose()
    await ground.dispose()
  }
  return {
    lycee,
    pcs,
    pc: (name) => {
      const found = pcs.find((pc) => pc.name === name)
      if (found === undefined) throw new Error(`the lab has no PC ${name}`)
      return found
    },
    repository,
    network,
    ground,
    privateKey: keys.private,
    privateKeyFile,
    publicKey: keys.public,
    writePark: (folder, parkOptions) => writePark({ folder, name: lycee, network, pcs, ...parkOptions }),
    describe: async () => (await Promise.all(pcs.map((pc) => pc.describe()))).join('\n\n'),
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}
