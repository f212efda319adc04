/** The floor: `node:http` with nothing to do but send the same bytes. */
import { respondSameBytes, listen } from './contender.js';

listen(respondSameBytes());
