import type { SiteServer } from '../../specs/desired.ts'

export type ServerPlace = Pick<SiteServer, 'address' | 'port'>

/** Where `path` of the boot files and answers is: `http://10.25.11.2:8080/boot/<path>`. */
export const bootUrl = (server: ServerPlace, path: string): string =>
  `http://${hostAndPort(server)}/boot/${path}`

/** The same as GRUB writes it: `(http,10.25.11.2:8080)/boot/<path>`. */
export const grubUrl = (server: ServerPlace, path: string): string =>
  `(http,${hostAndPort(server)})/boot/${path}`

export const serverUrl = (server: ServerPlace): string => `http://${hostAndPort(server)}`

/** The usual port is left out: GRUB 2.06 and older take a port for a part of the name. */
const hostAndPort = ({ address, port }: ServerPlace): string => (port === 80 ? address : `${address}:${port}`)
