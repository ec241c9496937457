/** Understands base.sh and /etc/os-release. */
import type { ActionId, Instant } from '../../reconciler/model/ids.ts'
import type { Facts, Hardware } from '../../reconciler/model/observed.ts'

export type BaseFacts = Omit<Facts, 'sessions' | 'packages' | 'scripts' | 'identity' | 'os'> & {
  readonly kernel: string
  readonly arch: string
}

/** `arrivedAt`: our clock when the answer began. Undefined if a number that decisions need is missing or is none. */
export function parseBase(text: string, arrivedAt: Instant): BaseFacts | undefined {
  const values = keyValues(text)
  const one = (key: string): string | undefined => values.get(key)?.[0]
  const now = integer(one('now'))
  const uptimeMs = integer(one('uptime'))
  const bootId = one('boot')
  const cpus = integer(one('cpus'))
  const memoryKib = integer(one('memory'))
  if (now === undefined || uptimeMs === undefined || bootId === undefined) return undefined
  if (cpus === undefined || memoryKib === undefined) return undefined

  // In clock ticks; where it cannot be read, the first process counts as started with the kernel.
  const firstMs = ((integer(one('first')) ?? 0) * 1000) / (integer(one('ticks')) ?? 100)
  const clockSkewMs = now - arrivedAt
  const running = one('running')
  return {
    at: arrivedAt,
    bootId,
    // By our clock, and to the second: the last digits are only the network's.
    bootedAt: Math.round((arrivedAt - uptimeMs + firstMs) / 1000) * 1000,
    clockSkewMs,
    rebootPending: one('reboot') === 'yes',
    ...(one('logins') === 'closed' ? { loginsClosed: true as const } : {}),
    kernel: one('kernel') ?? '',
    arch: one('arch') ?? '',
    hardware: hardwareOf(values, cpus, memoryKib * 1024),
    ...(running === undefined ? {} : { running: running as ActionId }),
  }
}

function hardwareOf(
  values: ReadonlyMap<string, readonly string[]>,
  cpus: number,
  memoryBytes: number,
): Hardware {
  const dmi = (key: string): string | undefined => {
    const value = values.get(key)?.[0]?.trim()
    return value === undefined || placeholder.test(value) ? undefined : value
  }
  const [freeBlocks, blockSize] = (values.get('free')?.[0] ?? '').split(' ').map(Number)
  const named = {
    vendor: dmi('sys_vendor'),
    model: dmi('product_name'),
    serial: dmi('product_serial'),
    uuid: dmi('product_uuid'),
    cpu: dmi('cpu'),
  }
  return {
    ...definedOnly(named),
    cpus,
    memoryBytes,
    firmware: values.get('firmware')?.[0] === 'uefi' ? 'uefi' : 'bios',
    macs: macsOf(values.get('mac') ?? []),
    disks: (values.get('disk') ?? []).flatMap(parseDisk),
    rootFreeBytes: (freeBlocks ?? 0) * (blockSize ?? 0) || 0,
  }
}

/** What board makers leave in DMI when they fill in nothing. */
const placeholder =
  /^(|none|n\/a|default string|to be filled by o\.?e\.?m\.?|system (product name|manufacturer|serial number)|not specified|unknown|0+)$/i

/** `card 52:54:…` or `virtual …`: real cards; only where there are none (a container), virtual ones. */
function macsOf(lines: readonly string[]): readonly string[] {
  const of = (kind: string) =>
    lines.flatMap((line) => {
      const [found, address] = line.split(' ')
      return found === kind && address !== undefined && address !== '00:00:00:00:00:00' ? [address] : []
    })
  const cards = of('card')
  return [...new Set(cards.length > 0 ? cards : of('virtual'))].sort()
}

/** `NAME SECTORS ROTATIONAL MODEL…`; a sector of /sys/block is always 512 bytes. An empty card reader has none. */
function parseDisk(line: string): Hardware['disks'] {
  const [name, sectors, rotational, ...model] = line.trim().split(/\s+/)
  const sizeBytes = Number(sectors) * 512
  if (name === undefined || !(sizeBytes > 0)) return []
  return [
    {
      name,
      sizeBytes,
      rotational: rotational === '1',
      ...(model.length > 0 ? { model: model.join(' ') } : {}),
    },
  ]
}

/** os-release(5): `KEY=value`, shell-quoted. */
export function parseOsRelease(text: string): {
  readonly id: string
  readonly version: string
  readonly name: string
} {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim())
    if (match?.[1] !== undefined) values.set(match[1], unquoted(match[2] ?? ''))
  }
  const id = values.get('ID') ?? 'linux'
  const version = values.get('VERSION_ID') ?? values.get('VERSION_CODENAME') ?? ''
  return { id, version, name: values.get('PRETTY_NAME') ?? values.get('NAME') ?? id }
}

function unquoted(value: string): string {
  const match = /^(["'])(.*)\1$/.exec(value)
  return (match?.[2] ?? value).replaceAll(/\\(["'$`\\])/g, '$1')
}

function keyValues(text: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    if (at <= 0) continue
    const key = line.slice(0, at)
    const value = line.slice(at + 1)
    const known = values.get(key)
    if (known === undefined) values.set(key, [value])
    else known.push(value)
  }
  return values
}

const integer = (text: string | undefined): number | undefined =>
  text !== undefined && /^-?\d+$/.test(text.trim()) ? Number(text) : undefined

function definedOnly<Value>(
  record: Readonly<Record<string, Value | undefined>>,
): Readonly<Record<string, Value>> {
  const defined: Record<string, Value> = {}
  for (const [key, value] of Object.entries(record)) if (value !== undefined) defined[key] = value
  return defined
}
