/**
 * A site server for tests of one PC's disk: the product's own store, desk, routes and boot files, with orders that the test gives. The
 * imager is started as a kernel, without netboot (tests/lab/vm/netboot.test.ts and bare-pc-bios.test.ts show that), from the
 * boot files that `proviseur imager build` makes.
 *
 * ```ts
 * await using network = await layVmNetwork()
 * await using site = await openDiskSite(network)
 * const pc = await site.createPc({ name: 'pc-1', index: 1 })
 * const id = site.post(pc, { kind: 'restore', ...site.work() })
 * await pc.powerOn(site.imager('netboot'))
 * await pc.waitForExit()                                   // the imager restarts the PC, which ends QEMU
 * site.desk.order(id).done
 * ```
 */
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../cli/clock.ts'
import type { Mode } from '../../../imager/agent/kernel-options.ts'
import { imagerDigests } from '../../../imaging/boot-set.ts'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import type { EqualWork, Layout, Work } from '../../../imaging/protocol.ts'
import { createSigningKey } from '../../../imaging/signature.ts'
import { createDesk, type Desk } from '../../../providers/imaging/desk.ts'
import { imagerRoutes } from '../../../providers/imaging/routes.ts'
import { storeRoutes } from '../../../providers/imaging/store-routes.ts'
import { bootRoutes } from '../../../providers/netboot/routes.ts'
import type { Clock } from '../../../reconciler/ports.ts'
import { importGolden, makeGoldenDisk } from '../../imager/agent/golden-disk.ts'
import { mebibyte } from '../../imager/agent/run.ts'
import { makeBootFiles } from './boot-files.ts'
import { createVm, type Vm, type VmOptions } from './vm.ts'
import type { VmNetwork } from './vm-network.ts'

export type DiskSite = {
  readonly desk: Desk
  /** Boot files, as the site server gives them out. */
  readonly boot: string
  /** The image store's folder. */
  readonly store: string
  /** Raw disk that the image was made of. */
  readonly golden: string
  readonly image: Awaited<ReturnType<typeof importGolden>>
  /** Its firmware starts the disk, its kernel option the imager; a restart of the PC ends QEMU. */
  readonly createPc: (options: Pick<VmOptions, 'name' | 'index'> & Partial<VmOptions>) => Promise<Vm>
  readonly imager: (mode: Mode, ...words: readonly string[]) => NonNullable<VmOptions['kernel']>
  readonly work: (changes?: Partial<EqualWork>) => EqualWork
  readonly post: (pc: Vm, work: Work) => string
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const PORT = 8069
const RELAY = fileURLToPath(new URL('wire-relay.ts', import.meta.url))
export const DISK_BYTES = 512 * mebibyte

/** Says when and how the disk was made equal: another each time. */
export const RECORD = 'var/lib/proviseur/disk.json'

/** What each PC has of its own in its system: all else is the image's. */
export const PC_FILES = [
  'etc/hostname',
  'etc/hosts',
  'etc/machine-id',
  'etc/ssh/ssh_host_ed25519_key',
  'etc/ssh/ssh_host_ed25519_key.pub',
  'etc/ssh/ssh_host_rsa_key',
  'var/lib/proviseur',
  RECORD,
  'var/lib/proviseur/fence',
]

export const DISK_LAYOUT: Layout = {
  table: 'gpt',
  partitions: [
    { name: 'bios', type: 'bios', sizeBytes: mebibyte, content: 'empty' },
    { name: 'esp', type: 'esp', sizeBytes: 40 * mebibyte, content: 'image' },
    { name: 'root', type: 'linux', sizeBytes: 64 * mebibyte, content: 'image', os: 'debian' },
    { name: 'cache', type: 'linux', sizeBytes: 256 * mebibyte, content: 'cache' },
    { name: 'data', type: 'linux', sizeBytes: 'rest', content: 'keep' },
  ],
}

/** The raw disk that the image is made of, and the disk that PCs get. */
export type ImageSource = { readonly disk: string; readonly layout: Layout }

/** `content`: how many bytes of the usual image's system do not compress, or who makes another image in a folder. */
export async function openDiskSite(
  network: VmNetwork,
  content: number | ((folder: string) => Promise<ImageSource>) = 6 * mebibyte,
): Promise<DiskSite> {
  const folder = join(network.folder, 'site')
  await mkdir(folder)
  const park = createSigningKey()
  const site = createSigningKey()
  const store = join(folder, 'images')
  const { disk: golden, layout } =
    typeof content === 'number'
      ? { disk: await makeGoldenDisk(folder, 'v1', content), layout: DISK_LAYOUT }
      : await content(folder)
  const image = await importGolden(store, golden, '1', park.privateKeyPem, layout)
  const boot = join(folder, 'boot')
  const built = await makeBootFiles({ out: boot, keys: { park: park.publicKeyPem, site: site.publicKeyPem } })
  const machines = new Map<string, string>()
  const desk = createDesk({
    clock,
    siteKeyPem: site.privateKeyPem,
    lookup: (macs) => {
      const machine = macs.map((mac) => machines.get(mac)).find((name) => name !== undefined)
      return machine === undefined ? undefined : { machine }
    },
    onDiscovered: () => undefined,
  })
  const server = { address: network.serverAddress, port: PORT }
  const close = await serve(network, join(folder, 'http'), [
    storeRoutes({ store: openFolderStore(store), mayUpload: (token) => desk.mayUpload(token) }),
    imagerRoutes(desk),
    bootRoutes({
      server,
      locale: 'en',
      bootFolder: boot,
      kernelOptions: [],
      answer: () => ({ kind: 'local' }),
      macOf: async () => undefined,
    }).route,
  ])
  await network.startDhcpServer()
  let orders = 0
  return {
    desk,
    boot,
    store,
    golden,
    image,
    createPc: (options) => {
      machines.set(network.pcMac(options.index), `victor-hugo/${options.name}`)
      return createVm(network, {
        firmware: 'bios',
        disks: [{ sizeBytes: DISK_BYTES }],
        bootFirst: 'disk',
        onReboot: 'exit',
        wakeOnLan: false,
        ...options,
      })
    },
    imager: (mode, ...words) => ({
      vmlinuz: join(boot, 'vmlinuz'),
      initrd: join(boot, 'initrd'),
      commandLine: [
        ...['console=ttyS0,115200', 'quiet', 'panic=-1', 'proviseur.locale=en', `proviseur.mode=${mode}`],
        ...[`proviseur.server=http://${server.address}:${PORT}`, ...words],
      ].join(' '),
    }),
    work: (changes = {}) => ({
      manifest: image.digest,
      image: 'debian-edu@1',
      layout,
      layoutDigest: `sha256:${'1'.repeat(64)}`,
      settingsDigest: `sha256:${'2'.repeat(64)}`,
      keep: ['/home/partage'],
      resetPolicy: 'on-demand',
      // Nobody chooses by accident: the test presses the keys.
      boot: { default: 'root', timeoutMs: 3_600_000, resetEntries: true },
      identity: { hostname: 'b204-01', user: 'admin', authorizedKeys: [] },
      mayRepartition: true,
      imager: imagerDigests(built.set),
      ...changes,
    }),
    post: (pc, work) => {
      orders += 1
      const id = `order-${orders}`
      const fence = { epoch: 1, generation: orders }
      desk.post({ id, machine: `victor-hugo/${pc.name}`, mac: pc.mac as MacOf, fence, locale: 'en', work })
      return id
    },
    [Symbol.asyncDispose]: close,
  }
}

type MacOf = Parameters<Desk['post']>[0]['mac']

const clock: Clock = {
  now: () => Date.now() as ReturnType<Clock['now']>,
  sleep: () => Promise.resolve(),
  after: systemClock.after,
}

type Route = ReturnType<typeof imagerRoutes>

async function serve(
  network: VmNetwork,
  socketPath: string,
  routes: readonly Route[],
): Promise<() => Promise<void>> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://site')
    for (const route of routes) if (await route(request, response, url)) return
    response.writeHead(404, { 'content-length': 0 }).end()
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const relay = network.spawn([process.execPath, RELAY, network.serverAddress, String(PORT), socketPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (relay.stdout === null) throw new Error('the relay has no output')
  await once(relay.stdout, 'data')
  return async () => {
    relay.kill()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
