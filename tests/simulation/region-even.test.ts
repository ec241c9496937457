import { testStorms } from './storm.ts'

testStorms(0)
