import { expect, it } from '@jest/globals';
import Joi from 'joi';
import { describeVariables } from '../src/config/print-config.js';

it('printConfig describes each variable with its default, and marks secrets', () => {
  const variables = {
    PORT: Joi.number().default(8080).description('Port to listen on.'),
    PASSWORD: Joi.string().meta({ secret: true }).description('Password of the role.'),
  };
  expect(describeVariables(variables)).toEqual([
    { name: 'PORT', description: 'Port to listen on.', default: 8080, secret: false },
    { name: 'PASSWORD', description: 'Password of the role.', secret: true },
  ]);
});
