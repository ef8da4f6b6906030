import { In } from 'typeorm';
import { defineLoader, inOrderOf } from '../../graphql/context';
import { User } from './user.entity';

export const userById = defineLoader<string, User>(async ({ app }, ids) => {
  const users = await app.db.orm.getRepository(User).findBy({ id: In([...ids]) });
  return inOrderOf(ids, users, (user) => user.id);
});
