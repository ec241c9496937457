/** What holds where the specs say nothing. The schemas show these values, and compiling uses them. */
export const defaults = {
  timezone: 'Europe/Paris',
  locale: 'fr',
  /** One technician's slip (a wrong `rm`) should stop for a question; a closed room should not. */
  removalLimit: 0.1,
  soakMs: 3_600_000,
  os: 'debian',
  drift: 'enforce',
  /** A system in use always differs from its image somewhere, and making that good erases what people left on it. */
  diskDrift: 'report',
  inUse: 'wait',
  warnDelayMs: 600_000,
  power: { wake: true, reboot: 'when-needed' },
  ssh: { user: 'root', port: 22, firstContact: 'refuse' },
  /** 1 min, 2, 4, 8, 16: a mirror that restarts is outlived, a broken package is shown within the hour. */
  retry: { attempts: 5, baseMs: 60_000, capMs: 3_600_000 },
  capacity: {
    /** Sixteen disks, and eight PCs on which something smaller is done beside them: none of it is felt by a school server of four cores. */
    actions: 24,
    /** Within ten seconds. A PC's power supply draws tens of amperes for some milliseconds; four at once stay below what a 16 A breaker takes. */
    wakes: 4,
    /** Each spends most of its time starting, reading and verifying, so sixteen keep 1 Gbit/s busy; at 6 MB/s for each they still outrun a hard disk's share. */
    images: 16,
    lanBitsPerSecond: 1e9,
    /** A class of 30 in pairs still finds its 15 PCs. */
    roomShare: 0.5,
  },
  wakePort: 9,
  limitedBroadcast: '255.255.255.255',
  resetPolicy: 'on-demand',
  /** Long enough to be read, short enough that a room of thirty PCs is not late for the lesson. */
  boot: { timeoutMs: 5_000, resetEntries: true },
  server: { port: 8069, netboot: 'proxy' },
  identity: { hostname: true },
  script: { interpreter: ['/bin/sh'], when: 'change', timeoutMs: 600_000, effect: 'quiet' },
  packageEffect: 'quiet',
} as const
