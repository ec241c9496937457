/**
 * The imager itself, kept in the cache partition: a reset, or a restore that was cut off, then needs no network to start.
 *
 * GRUB starts what lies there without asking anybody, and what it starts may do anything to the disk. So nothing stays there but
 * what the signed order names by digest; whoever answers in the site server's place can keep a PC waiting, no more.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { isFull, removeIfThere, syncFolder } from '../../imaging/atomic-file.ts'
import { BodyLost, createExchange, type Exchange } from '../../imaging/http-exchange.ts'
import type { ImagerDigests } from '../../imaging/protocol.ts'
import { done, failed, type Result } from './result.ts'

const names = ['vmlinuz', 'initrd'] as const
type Name = (typeof names)[number]

/**
 * Makes the folder hold exactly what the order names: what is there already is read again and kept, the rest comes from the site
 * server's boot files. `imager-not-the-signed-one`: it gives out another, or none.
 */
export async function keepImagerFiles(
  folder: string,
  wanted: ImagerDigests,
  server: string | undefined,
  signal: AbortSignal,
): Promise<Result<void>> {
  await mkdir(folder, { recursive: true })
  const lacking: Name[] = []
  for (const name of names) if ((await digestOf(join(folder, name))) !== wanted[name]) lacking.push(name)
  if (lacking.length === 0) return done(undefined)
  if (server === undefined) return failed('server-silent', `${lacking.join(', ')}: proviseur.server=`)
  const exchange = createExchange({ baseUrl: server, connections: 1 })
  try {
    for (const name of lacking) {
      const fetched = await fetchFile(exchange, folder, name, wanted[name], signal)
      if (!fetched.ok) {
        for (const each of lacking) await removeIfThere(newFile(folder, each))
        return fetched
      }
    }
  } finally {
    exchange.close()
  }
  for (const name of lacking) await rename(newFile(folder, name), join(folder, name))
  await syncFolder(folder)
  return done(undefined)
}

const newFile = (folder: string, name: Name): string => join(folder, `${name}.new`)

/** Undefined: there is none, or none that can be read; it is then fetched again. */
async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    for await (const piece of createReadStream(path)) hash.update(piece)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
  return hash.digest('hex')
}

async function fetchFile(
  exchange: Exchange,
  folder: string,
  name: Name,
  sha256: string,
  signal: AbortSignal,
): Promise<Result<void>> {
  const reply = await exchange.send({ method: 'GET', path: `/boot/files/${name}` }, signal)
  if (reply.kind === 'lost') return failed('server-silent', `${name}: ${reply.detail}`)
  if (reply.status !== 200) {
    reply.discard()
    return failed('imager-not-the-signed-one', `${name}: HTTP ${reply.status}`)
  }
  const path = newFile(folder, name)
  const hash = createHash('sha256')
  const file = await open(path, 'w')
  try {
    for await (const piece of reply.body) {
      hash.update(piece)
      await file.writeFile(piece)
    }
    await file.sync()
  } catch (error) {
    if (error instanceof BodyLost) return failed('server-silent', `${name}: ${error.message}`)
    if (isFull(error)) return failed('store-full', path)
    throw error
  } finally {
    await file.close()
  }
  const found = hash.digest('hex')
  if (found === sha256) return done(undefined)
  return failed('imager-not-the-signed-one', `${name}: sha256 ${found}, ${sha256} in the order`)
}
