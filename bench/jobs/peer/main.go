// SPDX-License-Identifier: Apache-2.0

// River's side of `./dev bench jobs`: peer DATABASE migrate | work | produce COUNT | steady RATE SECONDS
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// Nothing is the job; Sent is the Unix time when it was enqueued.
type Nothing struct {
	Sent float64 `json:"sent"`
}

// Kind names the job for River.
func (Nothing) Kind() string { return "nothing" }

type nothingWorker struct {
	river.WorkerDefaults[Nothing]
	mutex     sync.Mutex
	latencies []float64
}

func wallSeconds() float64 { return float64(time.Now().UnixMicro()) / 1e6 }

func (w *nothingWorker) Work(_ context.Context, job *river.Job[Nothing]) error {
	now := wallSeconds()
	w.mutex.Lock()
	w.latencies = append(w.latencies, now-job.Args.Sent)
	w.mutex.Unlock()
	return nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	check(err)
	return value
}

func migrate(ctx context.Context, pool *pgxpool.Pool) {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	check(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	check(err)
}

func work(ctx context.Context, pool *pgxpool.Pool) {
	worker := &nothingWorker{}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		FetchCooldown: 5 * time.Millisecond,
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 500}},
		Workers:       workers,
	})
	check(err)
	check(client.Start(ctx))
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	<-ended
	check(client.Stop(ctx))
	for _, latency := range worker.latencies {
		fmt.Println(latency)
	}
}

func main() {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(os.Args[1])
	check(err)
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(ctx, config)
	check(err)
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	check(err)
	insert := func() {
		_, err := client.Insert(ctx, Nothing{Sent: wallSeconds()}, nil)
		check(err)
	}
	switch os.Args[2] {
	case "migrate":
		migrate(ctx, pool)
	case "work":
		work(ctx, pool)
	case "produce":
		for left := number(os.Args[3]); left > 0; left-- {
			insert()
		}
	case "steady":
		rate, seconds := number(os.Args[3]), number(os.Args[4])
		begun := time.Now()
		for i := 0.0; i < rate*seconds; i++ {
			time.Sleep(time.Until(begun.Add(time.Duration(i / rate * 1e9))))
			insert()
		}
	}
}
