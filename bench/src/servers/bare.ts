/** The floor: `node:http` with nothing to do but send the same bytes. */
import { respondSameBytes, listenOnFreePort } from './contender.js';

listenOnFreePort(respondSameBytes());
