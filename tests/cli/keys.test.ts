import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { readPrivateKey } from '../../cli/management-files.ts'
import { createSecretOpener } from '../../cli/secrets.ts'
import type { Digest, SecretName } from '../../specs/ids.ts'
import { scratch } from './command.ts'

const run = promisify(execFile)

test('a key locked by a passphrase is refused with the way to unlock it', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  for (const format of ['RFC4716', 'PEM']) {
    const path = join(folder.path, format)
    await run('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-m', format, '-N', 'secret', '-f', path])
    const read = await readPrivateKey(path)
    t.false(read.ok)
    if (!read.ok) t.is(read.reason.code, 'key-encrypted')
    await run('ssh-keygen', ['-p', '-q', '-P', 'secret', '-N', '', '-f', path])
    t.true((await readPrivateKey(path)).ok)
  }
})

const secretFor = async (identity: string) => {
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(identity))
  const armored = armor.encode(await encrypter.encrypt('wifi-password'))
  return { name: 'wifi' as SecretName, digest: 'sha256:0' as Digest, armored }
}

test('a secret is opened with the identity in the file, comments and all', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const identity = await generateIdentity()
  const path = join(folder.path, 'identity.txt')
  await writeFile(path, `# created: today\n${identity}\n`, { mode: 0o600 })
  const opened = await createSecretOpener(path)(await secretFor(identity))
  t.is(opened.kind, 'opened')
  if (opened.kind === 'opened') t.is(new TextDecoder().decode(opened.bytes), 'wifi-password')
})

test('a secret that cannot be opened says which, why, and what to do', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const path = join(folder.path, 'identity.txt')
  const secret = await secretFor(await generateIdentity())
  const codes: string[] = []
  const attempt = async (): Promise<void> => {
    const opened = await createSecretOpener(path)(secret)
    if (opened.kind === 'failed') {
      codes.push(opened.reason.code)
      t.regex(opened.reason.message.en, /wifi/u)
    }
  }
  await attempt()
  await writeFile(path, 'not an identity\n', { mode: 0o600 })
  await attempt()
  await writeFile(path, `${await generateIdentity()}\n`)
  await attempt()
  await chmod(path, 0o640)
  await attempt()
  t.deepEqual(codes, ['identity-missing', 'identity-unreadable', 'secret-not-opened', 'identity-mode'])
})
