import { DefaultNamingStrategy } from 'typeorm';

const snake = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, (_, left: string, right: string) => `${left}_${right}`)
    .toLowerCase();

/** Properties are camelCase in code and snake_case in the database, by this rule and no other. */
export class SnakeNaming extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string): string {
    return customName || snake(propertyName);
  }
}
