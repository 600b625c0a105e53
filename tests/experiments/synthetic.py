"""Records that no network was trained for."""

import numpy as np

from keras_acts.experiments.runs.records import LayerRecord, Record, Run, SplitRecord

SPLIT = SplitRecord(1077, 360, "data")


def record(
    activation="relu",
    seed=0,
    *,
    score=0.9,
    data="digits",
    model="mlp(width=128, depth=3)",
    learning_rate=1e-3,
    epochs=6,
    validation=None,
    metric="accuracy",
    diverged=False,
    dead=0.1,
    paired=True,
    memory=100.0,
    step=2e-3,
    layers=4,
    split=SPLIT,
    tuning=False,
):
    run = Run(data, model, activation, learning_rate, seed, epochs, 32, paired, tuning=tuning)
    noise = np.random.default_rng(seed).normal(size=epochs) * 0.01
    loss = 2.0 * np.exp(-0.4 * np.arange(epochs)) * (1.0 + noise) + (1.0 - min(score, 1.0))
    rising = (score if validation is None else validation) * (1.0 - 0.5 * np.exp(-np.arange(epochs)))
    rising[-1] = score if validation is None else validation
    if diverged:
        loss[-2:] = rising[-2:] = np.nan
    curves = {"loss": loss, "metric": rising, "val_loss": loss * 1.2, "val_metric": rising}
    return Record(
        run=run,
        split=split,
        history={name: tuple(map(float, values)) for name, values in curves.items()},
        metric_name=metric,
        higher_is_better=metric == "accuracy",
        loss=float(loss[-1]),
        score=float("nan") if diverged else score,
        parameters=26122,
        seconds=1.0 + 0.1 * seed,
        step_seconds=step,
        peak_memory_mb=memory,
        diverged=diverged,
        layers=tuple(
            LayerRecord(
                f"dense_{number}",
                gradient_start=0.1 * 2.0**number * (1.0 + 0.01 * seed),
                gradient_end=0.01,
                **(
                    {}
                    if number == layers - 1
                    else {"dead_start": 0.0, "dead_end": dead, "saturated_start": 0.0, "saturated_end": 0.02 * number}
                ),
            )
            for number in range(layers)
        ),
        versions={"keras": "3.15.0", "python": "3.11.7"},
    )


def records(scores, seeds=10, **options):
    """Runs whose scores have exactly the given means: noise of the seed common to all, and a little of their own."""
    generator = np.random.default_rng(0)
    difficulty = _centred(0.01, generator, seeds)
    made = []
    for activation, mean in scores.items():
        values = mean + difficulty + _centred(0.001, generator, seeds)
        made += [record(activation, seed, score=float(value), **options) for seed, value in enumerate(values)]
    return made


def _centred(scale, generator, count):
    values = scale * generator.normal(size=count)
    return values - values.mean()
