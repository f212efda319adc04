/** The floor: `node:http` with nothing to do but send the same bytes. */
import { listen, sameBytes } from './contender.js';

const { headers, body } = sameBytes();
listen((_request, response) => {
  response.writeHead(200, headers);
  response.end(body);
});
