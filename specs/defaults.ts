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
  /** Eight PCs share 1 Gbit/s without hindering lessons; four power supplies starting at once do not trip a breaker. */
  capacity: { actions: 8, wakes: 4 },
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
