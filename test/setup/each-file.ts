import 'reflect-metadata';
import './one-query-at-a-time';
