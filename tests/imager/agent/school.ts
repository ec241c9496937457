/** A lycée's site server, with the real store, desk and routes, and PCs whose disks are files. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../cli/clock.ts'
import { type AgentParts, runAgent } from '../../../imager/agent/agent.ts'
import type { KernelOptions } from '../../../imager/agent/kernel-options.ts'
import { bootFiles } from '../../../imaging/boot-set.ts'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import type { EqualWork, Hello, ImagerDigests, Work } from '../../../imaging/protocol.ts'
import { createSigningKey } from '../../../imaging/signature.ts'
import { createDesk, type Desk } from '../../../providers/imaging/desk.ts'
import type { Order } from '../../../providers/imaging/desk-port.ts'
import type { Route } from '../../../providers/imaging/route.ts'
import { imagerRoutes } from '../../../providers/imaging/routes.ts'
import { storeRoutes } from '../../../providers/imaging/store-routes.ts'
import type { Clock } from '../../../reconciler/ports.ts'
import { blank, importGolden, layout, makeGoldenDisk } from './golden-disk.ts'
import { digestOf } from './pc-disk.ts'
import { mebibyte, run } from './run.ts'

export type School = Awaited<ReturnType<typeof openSchool>>

/** `payloadBytes`: of the image's system that do not compress. `store`: an existing folder for the image store. */
export async function openSchool(options: { readonly payloadBytes?: number; readonly store?: string } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'school-'))
  const park = createSigningKey()
  const site = createSigningKey()
  const store = options.store ?? join(folder, 'images')
  const golden = await makeGoldenDisk(folder, 'v1', options.payloadBytes)
  const image = await importGolden(store, golden, '1', park.privateKeyPem)
  const { boot, imager } = await makeBootFiles(join(folder, 'boot'))
  const discovered: Hello[] = []
  const machines = new Map<string, string>([[mac, 'victor-hugo/b204-01']])
  const desk = createDesk({
    clock: realClock,
    siteKeyPem: site.privateKeyPem,
    lookup: (macs) => {
      const machine = macs.map((one) => machines.get(one)).find((one) => one !== undefined)
      return machine === undefined ? undefined : { machine }
    },
    onDiscovered: (hello) => discovered.push(hello),
    limits: { askAgainMs: 1_000, waitMs: 1_500 },
  })
  const served = await serve([
    storeRoutes({ store: openFolderStore(store), mayUpload: (token) => desk.mayUpload(token) }),
    imagerRoutes(desk),
    bootRoute(boot),
  ])
  return {
    folder,
    store,
    golden,
    image,
    park,
    site,
    desk,
    discovered,
    machines,
    boot,
    imager,
    ...served,
    async close() {
      await served.stop()
      await rm(folder, { recursive: true })
    },
  }
}

export const mac = '52:54:00:25:02:01'

/** What a restore of this school's image asks for. */
export const equalWork = (school: School, changes: Partial<EqualWork> = {}): EqualWork => ({
  manifest: school.image.digest,
  image: 'debian-edu@1',
  layout,
  layoutDigest: `sha256:${'1'.repeat(64)}`,
  settingsDigest: `sha256:${'2'.repeat(64)}`,
  keep: [],
  resetPolicy: 'on-demand',
  boot: { default: 'root', timeoutMs: 5_000, resetEntries: true },
  identity: {
    hostname: 'b204-01',
    user: 'admin',
    authorizedKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE proviseur'],
  },
  mayRepartition: true,
  imager: school.imager,
  ...changes,
})

let orders = 0
export function post(desk: Desk, work: Work, changes: Partial<Order> = {}): string {
  orders += 1
  const id = `order-${orders}`
  desk.post({
    id,
    machine: 'victor-hugo/b204-01',
    mac,
    fence: { epoch: 1, generation: 7 },
    locale: 'fr',
    work,
    ...changes,
  } as Order)
  return id
}

export type TestPc = {
  readonly disk: string
  /** All that its screen showed, as lines. */
  readonly screen: string[]
  start(options?: {
    readonly mode?: KernelOptions['mode']
    readonly server?: string
    readonly only?: string
  }): Promise<string>
}

/** A PC with a blank disk. Pauses are not waited for: what happens next depends on the server alone. */
export async function newPc(
  school: School,
  changes: Partial<AgentParts> & { readonly diskBytes?: number } = {},
): Promise<TestPc> {
  const root = await mkdtemp(join(school.folder, 'pc-'))
  const disk = await blank(join(root, 'disk.img'), changes.diskBytes ?? 400 * mebibyte)
  await makeFirmware(root)
  const screen: string[] = []
  return {
    disk,
    screen,
    start: ({ mode = 'netboot', server = school.url, only } = {}) =>
      runAgent({
        root,
        commandLine: [
          `BOOT_IMAGE=vmlinuz proviseur.mode=${mode} proviseur.server=${server} BOOTIF=01-${mac.replaceAll(':', '-')}`,
          'console=ttyS0,115200 quiet',
          only === undefined ? '' : `proviseur.only=${only}`,
        ].join(' '),
        parkKey: school.park.publicKeyPem,
        siteKey: school.site.publicKeyPem,
        version: 'test',
        locale: 'fr',
        bootFiles: school.boot,
        mayWriteFirmware: false,
        disks: async () => [
          {
            name: 'vda',
            device: disk,
            sizeBytes: changes.diskBytes ?? 400 * mebibyte,
            sectorBytes: 512,
            rotational: false,
          },
        ],
        output: { write: (text) => screen.push(text), canDraw: false, columns: 80 },
        now: () => Date.now(),
        setClock: () => Promise.resolve(),
        pause: () => new Promise((resolve) => setImmediate(resolve)),
        signal: new AbortController().signal,
        ...changes,
      }),
  }
}

/** /proc and /sys of a PC with BIOS firmware. */
async function makeFirmware(root: string): Promise<void> {
  await mkdir(join(root, 'proc'), { recursive: true })
  await writeFile(join(root, 'proc/meminfo'), 'MemTotal:        2000000 kB\n')
  await writeFile(join(root, 'proc/cpuinfo'), 'processor\t: 0\nmodel name\t: Test CPU\n')
}

async function makeBootFiles(
  folder: string,
): Promise<{ readonly boot: string; readonly imager: ImagerDigests }> {
  await mkdir(folder)
  const content = (name: string): Buffer => Buffer.from(`${name} `.repeat(20_000))
  for (const name of bootFiles) await writeFile(join(folder, name), content(name))
  await writeFile(join(folder, 'embedded.cfg'), 'search --no-floppy --label proviseur --set=root\n')
  await run(
    'grub-mkimage',
    ...['-O', 'i386-pc', '-p', '/boot', '-c', join(folder, 'embedded.cfg'), '-o', join(folder, 'core.img')],
    ...['biosdisk', 'part_gpt', 'ext2', 'search', 'search_label', 'configfile', 'normal'],
  )
  await writeFile(join(folder, 'boot.img'), await readFile('/usr/lib/grub/i386-pc/boot.img'))
  const imager = {
    vmlinuz: await digestOf(join(folder, 'vmlinuz')),
    initrd: await digestOf(join(folder, 'initrd')),
  }
  return { boot: folder, imager }
}

const bootRoute =
  (folder: string): Route =>
  async (_request, response, url) => {
    const name = /^\/boot\/files\/([\w.-]+)$/.exec(url.pathname)?.[1]
    if (name === undefined) return false
    response.end(await readFile(join(folder, name)))
    return true
  }

async function serve(routes: readonly Route[]) {
  const requests: string[] = []
  /** Called with each request, before it is answered. */
  const listeners = new Set<(request: string) => Promise<void>>()
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    requests.push(`${request.method} ${url.pathname}`)
    for (const listener of listeners) await listener(`${request.method} ${url.pathname}`)
    for (const route of routes) if (await route(request, response, url)) return
    response.statusCode = 404
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    listeners,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

const realClock: Clock = {
  now: () => Date.now() as ReturnType<Clock['now']>,
  sleep: () => Promise.resolve(),
  after: systemClock.after,
}
