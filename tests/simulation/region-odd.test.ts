import test from 'ava'
import { simulateStorm, testStorms } from './storm.ts'

testStorms(1)

test.serial('the same seed gives the same run, byte for byte; another gives another', async (t) => {
  const [once, again, other] = [await simulateStorm(3), await simulateStorm(3), await simulateStorm(4)]
  t.true(once.log.events > 50)
  t.deepEqual(again, once)
  t.not(other.log.sha256, once.log.sha256)
})
