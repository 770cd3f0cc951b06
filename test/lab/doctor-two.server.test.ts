import { injectEveryOther } from './doctor-injections.js'

injectEveryOther(1)
