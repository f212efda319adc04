/**
 * What is left of a read when its connection has been ended. Node goes through it to the end and makes two objects for
 * each of up to 1,500 requests that nobody will ever look at: ten such connections cost 50 MB. Here all of these are one
 * and the same, which takes everything and keeps nothing.
 */
import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import { Socket } from 'node:net';

class LeftRequest extends IncomingMessage {
  override push(): boolean {
    return true;
  }

  override destroy(): this {
    return this;
  }

  /** Node's own, by which the parser hands over headers. */
  _addHeaderLines(): void {}
}

class LeftResponse extends ServerResponse {
  override on(): this {
    return this;
  }

  override assignSocket(): void {}

  override writeContinue(): void {}
}

/** With the second argument that Node gives it, and that is in no type. */
const Made = ServerResponse as unknown as new (request: IncomingMessage, options?: object) => ServerResponse;

/** Options of a server that makes nothing for what is left over; it must not ask for a `Host` itself. */
export function discardAfterClose(): ServerOptions {
  const leftRequest = new LeftRequest(new Socket());
  const leftResponse = new LeftResponse(leftRequest);

  class Request extends IncomingMessage {
    constructor(socket: Socket) {
      if (socket.destroyed) return leftRequest;
      super(socket);
      return this;
    }
  }

  class Response extends Made {
    constructor(request: IncomingMessage, options?: object) {
      if (request === leftRequest) return leftResponse;
      super(request, options);
      return this;
    }
  }

  return { IncomingMessage: Request, ServerResponse: Response } as unknown as ServerOptions;
}
