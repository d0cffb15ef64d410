/** Other people's limiters in simulated time: the arithmetic of the servers that the bench starts. */
export * from '../../bench/limiters/announce.js';
export * from '../../bench/limiters/models.js';
