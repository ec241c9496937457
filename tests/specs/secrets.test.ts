import { armor, Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { codesOf, compiled, machineOf, smallPark } from './park.ts'

async function encrypted(): Promise<{ bytes: Uint8Array; identity: string }> {
  const identity = await generateIdentity()
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(identity))
  return { bytes: await encrypter.encrypt('hunter2'), identity }
}

const specs = {
  'w.yaml': 'kind: Secret\nname: wifi\nfile: wifi.age\n',
  's.yaml': 'kind: Script\nname: s\napply: connect\nsecrets: [wifi]\n',
  'poste.yaml': 'kind: Role\nname: poste\nscripts: [s]\n',
}

test('a secret is the same whether its file is binary or armoured, and can be opened', async (t) => {
  const { bytes, identity } = await encrypted()
  const binary = compiled(new Map(smallPark(specs)).set('wifi.age', bytes))
  const armored = compiled(
    new Map(smallPark(specs)).set('wifi.age', new TextEncoder().encode(armor.encode(bytes))),
  )
  t.is(binary.digest, armored.digest)
  const secret = [...binary.secrets.values()][0]
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  t.is(await decrypter.decrypt(armor.decode(secret?.armored ?? ''), 'text'), 'hunter2')
})

test('a script whose secret changed is a changed script', async (t) => {
  const digest = async (): Promise<unknown> => {
    const { bytes } = await encrypted()
    const desired = compiled(new Map(smallPark(specs)).set('wifi.age', bytes))
    return [...machineOf(desired, 'hugo/a1').profile.scripts.values()][0]?.digest
  }
  t.not(await digest(), await digest())
})

test('an age file that was cut is refused', async (t) => {
  const { bytes } = await encrypted()
  for (const cut of [0, 10, 60, bytes.length - 40]) {
    t.deepEqual(
      codesOf(new Map(smallPark(specs)).set('wifi.age', bytes.slice(0, cut))),
      ['not-age-file'],
      String(cut),
    )
  }
})
