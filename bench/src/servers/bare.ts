/** The floor: `node:http` with nothing to do but send the same bytes. */
import { answerSameBytes, listen } from './contender.js';

listen(answerSameBytes());
