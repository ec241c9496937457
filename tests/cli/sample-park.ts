import { createServer } from 'node:net'
import { writeFiles } from './command.ts'

/** Two machines on this computer's own loopback, where nothing listens for SSH: they can be looked at, and never reached. */
export const samplePark = (port = 9): Record<string, string> => ({
  'park.yaml': 'kind: Park\nname: sample\ntimezone: Europe/Paris\n',
  'roles/poste.yaml': `kind: Role\nname: poste\nssh: { port: ${port} }\npackages:\n  geogebra: present\n`,
  'packages/geogebra.yaml': 'kind: Package\nname: geogebra\ndebian: { apt: geogebra }\n',
  'lycees/victor-hugo.yaml': `kind: Lycee
name: victor-hugo
title: Lycée Victor Hugo
role: poste
rooms:
  b204:
    machines:
      b204-01: { mac: 52:54:00:25:02:01, address: 127.0.0.1 }
      b204-02: { mac: 52:54:00:25:02:02, address: 127.0.0.2 }
`,
})

export const writePark = async (folder: string, port?: number): Promise<void> =>
  writeFiles(folder, samplePark(port))

/** A port of the loopback on which nothing listens: one that was free a moment ago. */
export const closedPort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
