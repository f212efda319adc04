// Nest, with the stores injected; the module starts, drains and closes the health with the application.
// JavaScript has no decorators, so they are called: in TypeScript it is `@Module({ … })` before a class.
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { createHealthModule } from 'portal-health/nest';

class StoresModule {
  static pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  static redis = new Redis(process.env.REDIS_URL);

  async onApplicationShutdown() {
    await Promise.all([StoresModule.pool.end(), StoresModule.redis.quit()]);
  }
}
for (const store of [StoresModule.pool, StoresModule.redis]) {
  store.on('error', (error) => console.error('store:', error.code));
}
Module({
  providers: [
    { provide: pg.Pool, useValue: StoresModule.pool },
    { provide: Redis, useValue: StoresModule.redis },
  ],
  exports: [pg.Pool, Redis],
})(StoresModule);

class AppController {
  hello() {
    return { hello: 'nest' };
  }
}
Get()(AppController.prototype, 'hello', Object.getOwnPropertyDescriptor(AppController.prototype, 'hello'));
Controller()(AppController);

class AppModule {
  beforeApplicationShutdown(signal) {
    console.log(`Closing for ${signal}`);
  }
}
Module({
  imports: [
    createHealthModule({
      imports: [StoresModule],
      inject: [pg.Pool, Redis],
      useFactory: (pool, redis) => createHealth({ database: { pool }, cache: { client: redis } }),
    }),
  ],
  controllers: [AppController],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'], forceCloseConnections: true });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
console.log(`Listening on ${await app.getUrl()}`);
