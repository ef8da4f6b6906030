/**
 * The little of React that graphiql.tsx touches. One page of fifty lines renders one component; the
 * whole of React's types would be two more packages to keep in step for that.
 */
declare module '*.css';
declare module '*.css?inline' {
  const css: string;
  export default css;
}

declare module 'react' {
  export type ReactNode =
    | import('react/jsx-runtime').JSX.Element
    | string
    | number
    | boolean
    | null
    | undefined
    | ReactNode[];
  export type FC<Props = object> = (props: Props) => ReactNode;
  export type ComponentPropsWithoutRef<Component> = Component extends (
    props: infer Props,
  ) => unknown
    ? Props
    : never;
}

declare module 'react-dom/client' {
  import type { ReactNode } from 'react';
  export function createRoot(container: Element): { render(node: ReactNode): void };
}

declare module 'react/jsx-runtime' {
  export namespace JSX {
    interface Element {
      readonly type: unknown;
    }
    type ElementType = ((props: never) => import('react').ReactNode) | keyof IntrinsicElements;
    interface ElementChildrenAttribute {
      children: unknown;
    }
    interface IntrinsicElements {
      a: { className?: string; href: string; children?: import('react').ReactNode };
    }
  }
}
