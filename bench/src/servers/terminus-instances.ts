/** As many applications with @godaddy/terminus as `INSTANCES` says, in one process: `/3/health` is that of the fourth. */
import { listenOnFreePort } from './contender.js';
import { terminusServer } from './terminus-server.js';

const instances = Number(process.env['INSTANCES'] ?? '1');
// Each adds a listener for SIGTERM to the process, and Node warns of more than ten.
process.setMaxListeners(Math.max(process.getMaxListeners(), instances + 1));
const servers = Array.from({ length: instances }, terminusServer);
listenOnFreePort((request, response) => {
  const [, instance, path] = /^\/(\d+)(\/.*)$/.exec(request.url ?? '') ?? [];
  request.url = path ?? '/';
  servers[Number(instance)]?.emit('request', request, response);
});
