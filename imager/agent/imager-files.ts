/** The imager itself, kept in the cache partition: a reset, or a restore that was cut off, then needs no network to start. */
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isFull, isMissing, syncFolder } from '../../imaging/atomic-file.ts'
import { type BootSet, parseBootSet } from '../../imaging/boot-set.ts'
import { BodyLost, createExchange, type Exchange } from '../../imaging/http-exchange.ts'
import { readWhole } from './desk-client.ts'
import { done, failed, type Result } from './result.ts'

const names = ['vmlinuz', 'initrd'] as const
const descriptionName = 'boot.json'
const descriptionLimitBytes = 1024 * 1024

/**
 * Fetches what the folder lacks from the site server's boot files, each checked against their description. Without a server, or if
 * that does not answer, what is there is kept; `boot-loader-failed` if nothing is.
 */
export async function keepImagerFiles(
  folder: string,
  server: string | undefined,
  signal: AbortSignal,
): Promise<Result<void>> {
  await mkdir(folder, { recursive: true })
  if (server === undefined) return whatIsThere(folder, 'no server')
  const exchange = createExchange({ baseUrl: server, connections: 1 })
  try {
    const described = await describe(exchange, signal)
    if (!described.ok) return whatIsThere(folder, described.detail)
    const { text, set } = described.value
    if ((await presentText(folder)) === text && (await isWhole(folder, set))) return done(undefined)
    for (const name of names) {
      const fetched = await fetchFile(exchange, folder, name, set.files[name].sha256, signal)
      if (!fetched.ok)
        return fetched.reason === 'server-silent' ? whatIsThere(folder, fetched.detail) : fetched
    }
    return await exchangeFiles(folder, text)
  } finally {
    exchange.close()
  }
}

async function describe(
  exchange: Exchange,
  signal: AbortSignal,
): Promise<Result<{ readonly text: string; readonly set: BootSet }>> {
  const reply = await exchange.send({ method: 'GET', path: `/boot/files/${descriptionName}` }, signal)
  if (reply.kind === 'lost') return failed('server-silent', reply.detail)
  if (reply.status !== 200) {
    reply.discard()
    return failed('server-silent', `${descriptionName}: HTTP ${reply.status}`)
  }
  const body = await readWhole(reply.body, descriptionLimitBytes)
  if (!body.ok) return body
  const text = Buffer.from(body.value).toString('utf8')
  const set = parseBootSet(text)
  return set === undefined ? failed('server-silent', `${descriptionName}: malformed`) : done({ text, set })
}

const presentText = (folder: string): Promise<string | undefined> =>
  readFile(join(folder, descriptionName), 'utf8').catch(absent)

const isWhole = async (folder: string, set: BootSet): Promise<boolean> => {
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(absent)
    if (found?.size !== set.files[name].bytes) return false
  }
  return true
}

const absent = (error: unknown): undefined => {
  if (!isMissing(error)) throw error
}

async function whatIsThere(folder: string, detail: string): Promise<Result<void>> {
  const text = await presentText(folder)
  const set = text === undefined ? undefined : parseBootSet(text)
  return set !== undefined && (await isWhole(folder, set))
    ? done(undefined)
    : failed('boot-loader-failed', `imager: ${detail}`)
}

async function fetchFile(
  exchange: Exchange,
  folder: string,
  name: string,
  sha256: string,
  signal: AbortSignal,
): Promise<Result<void>> {
  const path = join(folder, `${name}.new`)
  const reply = await exchange.send({ method: 'GET', path: `/boot/files/${name}` }, signal)
  if (reply.kind === 'lost') return failed('server-silent', reply.detail)
  if (reply.status !== 200) {
    reply.discard()
    return failed('server-silent', `${name}: HTTP ${reply.status}`)
  }
  const hash = createHash('sha256')
  const file = await open(path, 'w')
  try {
    for await (const piece of reply.body) {
      hash.update(piece)
      await file.writeFile(piece)
    }
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    if (error instanceof BodyLost) return failed('server-silent', `${name}: ${error.message}`)
    if (isFull(error)) return failed('store-full', path)
    throw error
  } finally {
    await file.close()
  }
  if (hash.digest('hex') === sha256) return done(undefined)
  await rm(path, { force: true })
  return failed('server-silent', `${name}: not as ${descriptionName} says`)
}

/** The description goes first and comes last: without it the pair counts as not there. */
async function exchangeFiles(folder: string, text: string): Promise<Result<void>> {
  await rm(join(folder, descriptionName), { force: true })
  for (const name of names) await rename(join(folder, `${name}.new`), join(folder, name))
  const description = await open(join(folder, descriptionName), 'w')
  try {
    await description.writeFile(text)
    await description.sync()
  } finally {
    await description.close()
  }
  await syncFolder(folder)
  return done(undefined)
}
