/** What a technician pastes into a lycée's file for a PC that was discovered: its line, and what it is, as comments. */
import type { Hello, HelloDisk } from './protocol.ts'

/**
 * Lines of YAML for `machines:`, without indentation. The name is a proposal, of the MAC's last half. What the PC says of itself is
 * anybody's word: it only gets into comments, without line breaks.
 */
export function discoveredSnippet(hello: Hello): string {
  const [mac = '', ...others] = hello.macs
  const comments = [
    [hello.vendor, hello.model].filter(isSaid).map(plain).join(' '),
    hello.serial === undefined ? '' : `serial ${plain(hello.serial)}`,
    `${gigabytes(hello.memoryBytes, 2 ** 30)} GiB, ${hello.cpus} × ${plain(hello.cpu ?? 'CPU')}`,
    `${hello.firmware === 'uefi' ? 'UEFI' : 'BIOS'}${hello.secureBoot ? ', Secure Boot' : ''}`,
    ...hello.disks.map(diskLine),
    ...(others.length === 0 ? [] : [`other network cards ${others.map(plain).join(', ')}`]),
  ].filter((line) => line !== '')
  return [...comments.map((line) => `# ${line}`), `pc-${mac.replaceAll(':', '').slice(6)}: ${mac}`, ''].join(
    '\n',
  )
}

const diskLine = ({ name, sizeBytes, model, serial, rotational, bus }: HelloDisk): string =>
  [
    `disk ${plain(name)}`,
    `${gigabytes(sizeBytes, 1e9)} GB`,
    [bus, rotational ? 'hard disk' : 'SSD'].filter(isSaid).map(plain).join(' '),
    model === undefined ? '' : plain(model),
    serial === undefined ? '' : `serial ${plain(serial)}`,
  ]
    .filter((part) => part !== '')
    .join(', ')

const isSaid = (text: string | undefined): text is string => text !== undefined && text.trim() !== ''

const gigabytes = (bytes: number, unit: number): string => String(Math.round((bytes / unit) * 10) / 10)

/** Control characters, line and paragraph separators and what YAML calls a break become spaces. */
const plain = (text: string): string =>
  text
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
