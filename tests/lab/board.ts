/**
 * What the lab and a PC's mainboard (firmware.ts, a process of its own) say to each other: lines of JSON. The lab's orders are
 * what hands can do to a PC; the board's reports are what eyes can see.
 */

/**
 * `mains`: the plug goes into the wall for the first time, once the network cable is there. `press`: the power button: on when it
 * is off, a clean shutdown when it runs. `cut`: the plug pulled out and put back.
 */
export type Order = 'mains' | 'press' | 'cut'

export type PowerState = 'off' | 'starting' | 'on' | 'stopping'

export type Report =
  /** The board is there, in its network namespace; `pid` as the ground counts. */
  | { readonly kind: 'board'; readonly pid: number }
  | { readonly kind: 'state'; readonly state: PowerState; readonly cause: PowerCause }
  /** Its operating system's first process, as the ground counts. */
  | { readonly kind: 'system'; readonly pid: number; readonly bootId: string }
  | { readonly kind: 'console'; readonly line: string }

export type PowerCause =
  | 'mains'
  | 'button'
  | 'magic-packet'
  | 'reboot'
  | 'shutdown'
  | 'cut'
  | 'crash'
  | 'boot'

/** What a board is made with: its only argument, as JSON. */
export type BoardOptions = {
  readonly mac: string
  readonly broadcast: string
  /** UDP ports on which a magic packet is heard while the PC is off. */
  readonly wakePorts: readonly number[]
  /** The mounted disk: the root file system that it starts. */
  readonly disk: string
}

/**
 * Whether a datagram wakes the network card with this MAC: six bytes 0xff and sixteen times the address, anywhere in the payload
 * (AMD, "Magic Packet Technology", publication 20213).
 */
export function isMagicPacket(payload: Buffer, mac: string): boolean {
  const address = Buffer.from(mac.replaceAll(':', ''), 'hex')
  const pattern = Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)])
  return payload.includes(pattern)
}
