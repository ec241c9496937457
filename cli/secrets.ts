import type { SecretOpener } from '../providers/ssh/provider.ts'
import type { Reason } from '../reconciler/model/reason.ts'
import type { DesiredSecret } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { readIdentities } from './management-files.ts'

/**
 * Opens secrets with the age identity in a file. Read anew for each of them, and only when a script needs one: most parks have
 * none, and a key that was put in place while `up` runs counts at once.
 */
export const createSecretOpener =
  (identityFile: string): SecretOpener =>
  async (secret) => {
    const identities = await readIdentities(identityFile)
    if (!identities.ok) return { kind: 'failed', reason: needed(secret, identities.reason) }
    const { armor, Decrypter } = await import('age-encryption')
    const decrypter = new Decrypter()
    try {
      for (const identity of identities.value) decrypter.addIdentity(identity)
      return { kind: 'opened', bytes: await decrypter.decrypt(armor.decode(secret.armored)) }
    } catch (error) {
      return { kind: 'failed', reason: cannotOpen(secret, identityFile, error) }
    }
  }

const needed = (secret: DesiredSecret, reason: Reason): Reason => ({
  ...reason,
  message: say(
    `The secret ${secret.name} cannot be opened: ${reason.message.en}`,
    `Le secret ${secret.name} ne peut pas être ouvert\u00a0: ${reason.message.fr}`,
  ),
})

const cannotOpen = (secret: DesiredSecret, file: string, error: unknown): Reason => ({
  code: 'secret-not-opened',
  message: say(
    `The identity in ${file} does not open the secret ${secret.name}: encrypt it for that identity’s recipient (age-keygen -y ${file}), or use the right identity.`,
    `L’identité de ${file} n’ouvre pas le secret ${secret.name}\u00a0: chiffrez-le pour le destinataire de cette identité (age-keygen -y ${file}), ou utilisez la bonne identité.`,
  ),
  ...(error instanceof Error ? { detail: error.message } : {}),
})
