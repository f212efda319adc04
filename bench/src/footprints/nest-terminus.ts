/** @nestjs/terminus in Nest, which runs another application of the same kind already. */
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { sendFootprint } from './footprint.js';

const QUIET = { logger: false } as const;

await sendFootprint({
  async host() {
    await import('reflect-metadata');
    class EmptyModule {
      readonly name = 'empty';
    }
    Module({})(EmptyModule);
    return NestFactory.createApplicationContext(EmptyModule, QUIET);
  },
  load: () => import('@nestjs/terminus'),
  use({ TerminusModule }) {
    class AppModule {
      readonly name = 'application';
    }
    Module({ imports: [TerminusModule.forRoot()] })(AppModule);
    return NestFactory.createApplicationContext(AppModule, QUIET);
  },
});
